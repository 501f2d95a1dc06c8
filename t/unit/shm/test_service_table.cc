// Services: thousands of rows that outlive reloads.
#include <doctest/doctest.h>

#include <memory>
#include <numeric>

#include "shm/service_table.h"
#include "t/unit/shm/table_memory.h"

using children::SharedTable;
using shm::kMaxServices;
using shm::ServiceTable;
using Rows = std::vector<std::uint32_t>;

namespace {

std::vector<shm::ServiceId> ids(std::uint64_t first, std::size_t count) {
  std::vector<shm::ServiceId> made(count);
  std::iota(made.begin(), made.end(), first);
  return made;
}

}  // namespace

TEST_CASE("a service keeps its row and its counter, wherever it stands") {
  SharedTable<ServiceTable> table;
  CHECK(table->enroll({11, 12, 13}) == Rows{0, 1, 2});
  table->count_request(1, 0);
  table->count_request(1, 5);
  CHECK(table->enroll({13, 14, 12}) == Rows{2, 3, 1});
  CHECK(table->requests(1) == 2);
  CHECK(table->requests(3) == 0);
  CHECK(table->size() == 4);
  table->retire(0);
  CHECK_FALSE(table->enrolled(0));
  CHECK(table->enroll({11}) == Rows{0});
  CHECK(table->enrolled(0));
}

TEST_CASE("the table takes exactly kMaxServices, all of a list or none") {
  SharedTable<ServiceTable> table;
  const auto rows = table->enroll(ids(1, kMaxServices - 1));
  REQUIRE(rows);
  CHECK(rows->back() == kMaxServices - 2);
  CHECK(table->enroll({90'001, 90'002}) == std::nullopt);
  CHECK(table->size() == kMaxServices - 1);
  CHECK(table->enroll({90'001}) == Rows{kMaxServices - 1});
  CHECK(table->enroll({90'003}) == std::nullopt);
  CHECK(table->enroll(ids(1, kMaxServices - 1)) == rows);
}

TEST_CASE("a retired row is reused when no unused row is left, with a counter at 0") {
  SharedTable<ServiceTable> table;
  REQUIRE(table->enroll(ids(1, kMaxServices)));
  table->count_request(6, 0);
  table->count_request(9, 0);
  table->retire(6);
  table->retire(9);
  // The id that returns gets its old row, although another id could have taken it.
  CHECK(table->enroll({90'001, 7}) == Rows{9, 6});
  CHECK(table->requests(6) == 1);
  CHECK(table->requests(9) == 0);
  CHECK(table->enroll({90'002}) == std::nullopt);
}

TEST_CASE("the retries of a service are paid by the requests of all rows") {
  SharedTable<ServiceTable> table;
  REQUIRE(table->enroll({1, 2}));
  for (int i = 0; i < 10; ++i) REQUIRE(table->take_retry(1, 0));
  CHECK(!table->take_retry(1, 3));
  for (shm::Row row = 0; row < 9; ++row) table->count_request(1, row);
  CHECK(!table->take_retry(1, 0));
  table->count_request(1, 9);
  CHECK(table->take_retry(1, 4));
  CHECK(!table->take_retry(1, 5));
  CHECK(table->retries(1) == 11);
  CHECK(table->retries_refused(1) == 3);
  CHECK(table->take_retry(0, 0));
  CHECK(table->retries(0) == 1);
}

TEST_CASE("a new service in an old row has a full budget of retries") {
  SharedTable<ServiceTable> table;
  REQUIRE(table->enroll(ids(1, kMaxServices)));
  table->count_request(6, 0);
  while (table->take_retry(6, 0)) continue;
  table->retire(6);
  REQUIRE(table->enroll({90'001}) == Rows{6});
  CHECK(table->retries(6) == 0);
  CHECK(table->retries_refused(6) == 0);
  for (int i = 0; i < 10; ++i) CHECK(table->take_retry(6, 0));
  CHECK(!table->take_retry(6, 0));
}

TEST_CASE("processes that retry at once take exactly what the budget has") {
  SharedTable<ServiceTable> table;
  REQUIRE(table->enroll({1}));
  for (int i = 0; i < 1000; ++i) table->count_request(0, 0);
  std::vector<pid_t> pids;
  for (shm::Row row = 1; row < 4; ++row) {
    pids.push_back(children::start([&table, row] {
      for (int i = 0; i < 1000; ++i) {
        table->count_request(0, row);
        table->take_retry(0, row);
      }
      return true;
    }));
  }
  for (const pid_t pid : pids) REQUIRE(children::succeeded(pid));
  // The first one finds the budget full, however many requests came before it.
  CHECK(table->retries(0) <= 10 + 300);
  CHECK(table->retries(0) >= 10 + 299 - 1);
  CHECK(table->retries(0) + table->retries_refused(0) == 3000);
}

TEST_CASE("every process sees the counts of another") {
  SharedTable<ServiceTable> table;
  REQUIRE(table->enroll({1}));
  REQUIRE(children::succeeded(children::start([&] {
    for (int i = 0; i < 1000; ++i) table->count_request(0, 3);
    return true;
  })));
  table->count_request(0, 0);
  CHECK(table->requests(0) == 1001);
}

TEST_CASE("responses of a service are sums over its rows") {
  SharedTable<ServiceTable> table;
  REQUIRE(table->enroll({1, 2}));
  for (const shm::Row row : {0U, shm::kMaxRows - 1}) {
    table->response_cells(1, row).count(shm::ResponseClass::redirection);
    table->response_cells(1, row).count_time(70'000'000);
  }
  CHECK(table->responses(1).of(shm::ResponseClass::redirection) == 2);
  CHECK(table->responses(1).by_time.back() == 2);
  CHECK(table->responses(0).of(shm::ResponseClass::redirection) == 0);
}
