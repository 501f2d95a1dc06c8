// Listeners: rows that outlive reloads, gates and counters.
#include <doctest/doctest.h>

#include "shm/listener_table.h"
#include "t/unit/shm/table_memory.h"

using children::SharedTable;
using shm::kMaxListeners;
using shm::ListenerTable;
using shm::RequestProtocol;

TEST_CASE("a listener keeps its row, its counter and its limit") {
  SharedTable<ListenerTable> table;
  CHECK(table->enroll(5, 8) == 0u);
  CHECK(table->enroll(6, 0) == 1u);
  table->cells(0, 2).count_request(RequestProtocol::http11);
  table->cells(0, 3).count_request(RequestProtocol::http11);
  CHECK(table->enroll(5, 9) == 0u);
  CHECK(table->size() == 2);
  CHECK(table->gate(0).limit() == 8);
  CHECK(table->counters(0).all_requests() == 2);
  CHECK(table->counters(1).all_requests() == 0);
}

TEST_CASE("the table takes exactly kMaxListeners, then only idle rows that were retired") {
  SharedTable<ListenerTable> table;
  for (std::uint32_t i = 0; i < kMaxListeners; ++i) REQUIRE(table->enroll(i + 1, 8) == i);
  CHECK(table->enroll(9000, 8) == std::nullopt);
  table->cells(7, 0).count_request(RequestProtocol::http11);
  REQUIRE(table->gate(7).try_enter(1, 2, 0));
  table->retire(7);
  CHECK_FALSE(table->enrolled(7));
  CHECK(table->enroll(9000, 8) == std::nullopt);
  table->release_row(1);
  CHECK(table->enroll(9000, 8) == 7u);
  CHECK(table->counters(7).all_requests() == 0);
}

TEST_CASE("a released row gives back its slots and keeps what it counted") {
  SharedTable<ListenerTable> table;
  REQUIRE(table->enroll(5, 2) == 0u);
  REQUIRE(table->gate(0).try_enter(0, 2, 0));
  REQUIRE(table->gate(0).try_enter(1, 2, 0));
  table->cells(0, 0).count_request(RequestProtocol::http11);
  table->release_row(0);
  CHECK(table->gate(0).in_service(2) == 1);
  CHECK(table->counters(0).all_requests() == 1);
}

TEST_CASE("refusals are counted by listener and reason, over all rows, and start anew with an id") {
  SharedTable<ListenerTable> table;
  for (std::uint32_t i = 0; i < kMaxListeners; ++i) REQUIRE(table->enroll(i + 1, 8) == i);
  table->count_refusal(7, 0, 1);
  table->count_refusal(7, 5, 1);
  table->count_refusal(7, 5, shm::kMaxReasons - 1);
  table->count_refusal(7, 5, shm::kMaxReasons);  // a reason that does not exist is ignored
  table->count_refusal(8, 5, 2);
  shm::ReasonCounts expected{};
  CHECK(table->refusals(6) == expected);
  expected[1] = 2;
  expected[shm::kMaxReasons - 1] = 1;
  CHECK(table->refusals(7) == expected);
  table->release_row(5);
  CHECK(table->refusals(7) == expected);
  table->retire(7);
  REQUIRE(table->enroll(9000, 8) == 7u);
  CHECK(table->refusals(7) == shm::ReasonCounts{});
  CHECK(table->refusals(8)[2] == 1);
}

TEST_CASE("all counters of a listener are sums over its rows, and a new listener begins at 0") {
  SharedTable<ListenerTable> table;
  REQUIRE(table->enroll(5, 8) == 0u);
  for (const shm::Row row : {0U, shm::kMaxRows - 1}) {
    shm::ListenerCells& cells = table->cells(0, row);
    cells.count_request(RequestProtocol::http10);
    cells.count_request(RequestProtocol::unknown);
    cells.responses.count(shm::ResponseClass::success);
    cells.responses.count_time(500);
    shm::add_to(cells.bytes.in, 10);
    shm::add_to(cells.bytes.out, 20);
    shm::add_to(cells.connections, 1);
    shm::add_to(cells.own_reasons[shm::kMaxOwnReasons - 1], 1);
    cells.count_handshake(shm::TlsVersion::tls13, row == 0);
  }
  table->cells(0, 1).count_handshake(shm::TlsVersion::tls12, false);
  const shm::ListenerCounters counters = table->counters(0);
  CHECK(counters.requests == std::array<std::uint64_t, 4>{2, 0, 0, 2});
  CHECK(counters.all_requests() == 4);
  CHECK(counters.responses.of(shm::ResponseClass::success) == 2);
  CHECK(counters.responses.by_time[0] == 2);
  CHECK(counters.bytes_in == 20);
  CHECK(counters.bytes_out == 40);
  CHECK(counters.connections == 2);
  CHECK(counters.own_reasons.back() == 2);
  CHECK(counters.tls_handshakes == std::array<std::uint64_t, 4>{0, 0, 1, 2});
  CHECK(counters.all_handshakes() == 3);
  CHECK(counters.tls_resumptions == 1);

  for (std::uint32_t i = 1; i < kMaxListeners; ++i) REQUIRE(table->enroll(i + 100, 8) == i);
  table->retire(0);
  REQUIRE(table->enroll(6, 8) == 0u);
  const shm::ListenerCounters fresh = table->counters(0);
  CHECK(fresh.all_requests() == 0);
  CHECK(fresh.responses.of(shm::ResponseClass::success) == 0);
  CHECK(fresh.bytes_in + fresh.bytes_out + fresh.connections + fresh.tls_resumptions == 0);
  CHECK(fresh.own_reasons.back() == 0);
  CHECK(fresh.all_handshakes() == 0);
}
