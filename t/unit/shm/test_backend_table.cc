// Backends: rows that outlive reloads, one state for all processes, counters without losses.
#include <doctest/doctest.h>

#include <memory>
#include <vector>

#include "shm/backend_table.h"
#include "shm/segment.h"
#include "t/unit/shm/table_memory.h"

using children::Shared;
using children::SharedTable;
using shm::BackendTable;
using shm::DeadReason;
using shm::kMaxBackends;
using shm::kMaxRows;

TEST_CASE("enroll gives each id its own row, and the same one again") {
  SharedTable<BackendTable> table;
  CHECK(table->size() == 0);
  CHECK(table->enroll(70, 8, 1000) == 0u);
  CHECK(table->enroll(71, 4, 1000) == 1u);
  CHECK(table->enroll(70, 16, 2000) == 0u);
  CHECK(table->size() == 2);
  CHECK(table->gate(0).limit() == 8);
  CHECK(table->gate(1).limit() == 4);
  CHECK(table->enrolled(1));
  CHECK_FALSE(table->enrolled(2));
}

TEST_CASE("a new backend is live, and a reload keeps its state and counters") {
  SharedTable<BackendTable> table;
  REQUIRE(table->enroll(70, 8, 1000) == 0u);
  CHECK(table->is_live(0));
  CHECK(table->liveness(0).reason == DeadReason::none);
  CHECK(table->liveness(0).since_ms == 1000);
  table->mark_dead(0, DeadReason::timeout, 1500);
  table->count_request(0, 3);
  table->retire(0);
  CHECK_FALSE(table->enrolled(0));
  CHECK(table->enroll(70, 8, 9000) == 0u);
  CHECK_FALSE(table->is_live(0));
  CHECK(table->liveness(0).since_ms == 1500);
  CHECK(table->counters(0).requests == 1);
}

TEST_CASE("the table takes exactly kMaxBackends") {
  SharedTable<BackendTable> table;
  for (std::uint32_t i = 0; i < kMaxBackends; ++i) REQUIRE(table->enroll(i + 1, 8, 0) == i);
  CHECK(table->enroll(kMaxBackends + 1, 8, 0) == std::nullopt);
  CHECK(table->enroll(kMaxBackends, 8, 0) == kMaxBackends - 1);
}

TEST_CASE("a retired row is reused last, only when idle, and starts at 0") {
  SharedTable<BackendTable> table;
  REQUIRE(table->enroll(1, 8, 0) == 0u);
  table->retire(0);
  CHECK(table->enroll(2, 8, 0) == 1u);  // rows that were never used come first
  for (std::uint32_t i = 2; i < kMaxBackends; ++i) REQUIRE(table->enroll(i + 1, 8, 0) == i);

  REQUIRE(table->gate(0).try_enter(5, 6, 0));
  table->mark_dead(0, DeadReason::reset, 10);
  table->count_request(0, 5);
  table->count_failure(0, 5, shm::BackendFailure::refused);
  CHECK(table->enroll(9000, 8, 20) == std::nullopt);
  table->gate(0).leave(5);
  table->gate(0).publish_waiting(5, 1, 1);
  CHECK(table->enroll(9000, 8, 20) == std::nullopt);
  table->gate(0).publish_waiting(5, 0, 0);

  CHECK(table->enroll(9000, 8, 20) == 0u);
  CHECK(table->is_live(0));
  CHECK(table->liveness(0).since_ms == 20);
  CHECK(table->counters(0).requests == 0);
  CHECK(table->counters(0).failures == 0);
  table->count_request(0, 5);
  CHECK(table->counters(0).requests == 1);
}

TEST_CASE("only the caller that changes the state is told so, and the first reason stays") {
  SharedTable<BackendTable> table;
  REQUIRE(table->enroll(1, 8, 100));
  CHECK_FALSE(table->mark_live(0, 150));
  CHECK(table->liveness(0).since_ms == 100);
  CHECK(table->mark_dead(0, DeadReason::refused, 200));
  CHECK_FALSE(table->mark_dead(0, DeadReason::timeout, 300));
  CHECK_FALSE(table->is_live(0));
  CHECK_FALSE(table->liveness(0).live);
  CHECK(table->liveness(0).reason == DeadReason::refused);
  CHECK(table->liveness(0).since_ms == 200);
  CHECK(table->mark_live(0, 400));
  CHECK_FALSE(table->mark_live(0, 500));
  CHECK(table->is_live(0));
  CHECK(table->liveness(0).reason == DeadReason::none);
  CHECK(table->liveness(0).since_ms == 400);
}

TEST_CASE("every reason survives packing and has a name") {
  SharedTable<BackendTable> table;
  REQUIRE(table->enroll(1, 8, 0));
  const std::vector<std::pair<DeadReason, std::string_view>> reasons{
      {DeadReason::refused, "refused"}, {DeadReason::timeout, "timeout"},
      {DeadReason::reset, "reset"},     {DeadReason::unreachable, "unreachable"},
      {DeadReason::dns, "dns"},         {DeadReason::other, "other"}};
  for (const auto& [reason, text] : reasons) {
    REQUIRE(table->mark_dead(0, reason, 7));
    CHECK(table->liveness(0).reason == reason);
    CHECK(shm::to_text(table->liveness(0).reason) == text);
    REQUIRE(table->mark_live(0, 8));
  }
  CHECK(shm::to_text(DeadReason::none) == "none");
}

TEST_CASE("of processes that mark a backend dead and live, exactly one is told of each change") {
  struct Told {
    children::TableMemory<BackendTable> memory;
    std::atomic<std::uint32_t> ready{0};
    std::atomic<std::uint64_t> deaths{0};
    std::atomic<std::uint64_t> births{0};
    std::atomic<std::uint64_t> torn{0};
  };
  Shared<Told> told;
  BackendTable table = told->memory.view();
  REQUIRE(table.enroll(1, 8, 0));
  std::vector<pid_t> pids;
  for (unsigned child = 0; child < 4; ++child) {
    pids.push_back(children::start([&, child] {
      told->ready.fetch_add(1);
      while (told->ready.load() < 4) {
      }
      // Each process has its own reason and times, so that a mix of two states is noticed.
      const auto reason = static_cast<DeadReason>(child + 1);
      for (std::uint64_t i = 0; i < 50'000; ++i) {
        told->deaths.fetch_add(table.mark_dead(0, reason, i * 8 + child + 1));
        const shm::Liveness seen = table.liveness(0);
        const bool whole = seen.live ? seen.reason == DeadReason::none
                                     : seen.since_ms % 8 == static_cast<unsigned>(seen.reason);
        told->torn.fetch_add(!whole);
        told->births.fetch_add(table.mark_live(0, i));
      }
      return true;
    }));
  }
  for (pid_t pid : pids) CHECK(children::succeeded(pid));
  CHECK(told->torn.load() == 0);
  CHECK(told->deaths.load() > 0);
  CHECK(told->deaths.load() == told->births.load() + (table.is_live(0) ? 0 : 1));
}

TEST_CASE("counters are summed over rows, and a dead row's stay in the sum") {
  SharedTable<BackendTable> table;
  REQUIRE(table->enroll(1, 8, 0));
  REQUIRE(table->enroll(2, 8, 0));
  table->count_request(0, 0);
  table->count_request(0, 1);
  table->count_request(0, kMaxRows - 1);
  table->count_failure(0, 1, shm::BackendFailure::refused);
  table->count_request(1, 1);
  CHECK(table->counters(0).requests == 3);
  CHECK(table->counters(0).failures == 1);
  CHECK(table->counters(1).requests == 1);
  CHECK(table->counters(1).failures == 0);
  table->release_row(1);
  CHECK(table->counters(0).requests == 3);
  table->count_request(0, 1);  // the row's next process
  CHECK(table->counters(0).requests == 4);
}

TEST_CASE("a released row gives back its slots at every backend") {
  SharedTable<BackendTable> table;
  for (std::uint32_t i = 0; i < 3; ++i) {
    REQUIRE(table->enroll(i + 1, 2, 0) == i);
    REQUIRE(table->gate(i).try_enter(0, 2, 0));
    REQUIRE(table->gate(i).try_enter(1, 2, 0));
  }
  table->release_row(0);
  for (std::uint32_t i = 0; i < 3; ++i) CHECK(table->gate(i).in_service(2) == 1);
}

TEST_CASE("killing the process that counts loses no request") {
  struct Counted {
    children::TableMemory<BackendTable> memory;
    std::atomic<std::uint64_t> at_least[4]{};
  };
  Shared<Counted> counted;
  BackendTable table = counted->memory.view();
  REQUIRE(table.enroll(1, 8, 0));
  std::uint64_t last = 0;
  for (unsigned round = 0; round < 30; ++round) {
    const shm::Row row = round % 4;
    const std::uint64_t before = counted->at_least[row].load();
    const pid_t pid = children::start([&]() -> bool {
      for (;;) {
        table.count_request(0, row);
        counted->at_least[row].fetch_add(1);
      }
    });
    while (counted->at_least[row].load() < before + 1000) {
      const std::uint64_t now = table.counters(0).requests;
      REQUIRE(now >= last);
      last = now;
    }
    ::kill(pid, SIGKILL);
    REQUIRE(children::killed(children::wait_for(pid)));
    table.release_row(row);
    std::uint64_t sure = 0;
    for (const auto& cell : counted->at_least) sure += cell.load();
    // A kill may fall between a count and its confirmation.
    REQUIRE(table.counters(0).requests >= sure);
    REQUIRE(table.counters(0).requests <= sure + round + 1);
  }
}

TEST_CASE("backend_table: probes are due after 1, 2, 4 s and so on, at most after the period") {
  auto segment = std::make_unique<shm::Segment>(1024);
  shm::BackendTable& table = segment->backends();
  constexpr std::uint64_t kPeriod = 10'000;
  const std::uint32_t b = table.enroll(1, 8, 0).value();
  CHECK(!table.claim_probe(b, 100'000, kPeriod));  // it lives
  REQUIRE(table.mark_dead(b, shm::DeadReason::refused, 5000));
  std::uint64_t last = 5000;
  for (const std::uint64_t delay : {1000, 2000, 4000, 8000, 10'000, 10'000}) {
    CHECK(!table.claim_probe(b, last + delay - 1, kPeriod));
    CHECK(table.claim_probe(b, last + delay, kPeriod));
    CHECK(!table.claim_probe(b, last + delay, kPeriod));  // one worker makes it
    last += delay;
    CHECK(table.last_probe_ms(b) == last);
  }
  REQUIRE(table.mark_live(b, last + 1));
  CHECK(!table.claim_probe(b, last + 90'000, kPeriod));
  // The next death begins again with the first delay.
  REQUIRE(table.mark_dead(b, shm::DeadReason::refused, last + 2));
  CHECK(!table.claim_probe(b, last + 1001, kPeriod));
  CHECK(table.claim_probe(b, last + 1002, kPeriod));
}

TEST_CASE("backend_table: the delay between probes stays at the period, however many were made") {
  auto segment = std::make_unique<shm::Segment>(1024);
  shm::BackendTable& table = segment->backends();
  const std::uint32_t b = table.enroll(1, 8, 0).value();
  REQUIRE(table.mark_dead(b, shm::DeadReason::refused, 1));
  std::uint64_t now = 1;
  for (int i = 0; i < 300; ++i) {
    now += 86'400'000;
    REQUIRE(table.claim_probe(b, now, 86'400'000));
  }
  CHECK(!table.claim_probe(b, now + 86'399'999, 86'400'000));
}

TEST_CASE("backend_table: one caller follows up a suspicion, and the next one a second later") {
  auto segment = std::make_unique<shm::Segment>(1024);
  shm::BackendTable& table = segment->backends();
  const std::uint32_t b = table.enroll(1, 8, 0).value();
  CHECK(table.claim_suspicion(b, 500));
  CHECK(table.last_probe_ms(b) == 500);
  CHECK(!table.claim_suspicion(b, 500));
  CHECK(!table.claim_suspicion(b, 500 + shm::kSuspicionMs - 1));
  CHECK(table.claim_suspicion(b, 500 + shm::kSuspicionMs));
  REQUIRE(table.mark_dead(b, shm::DeadReason::timeout, 2000));
  CHECK(!table.claim_suspicion(b, 9000));
  // The probe of the suspicion does not count as one of the dead backend.
  CHECK(!table.claim_probe(b, 2999, 60'000));
  CHECK(table.claim_probe(b, 3000, 60'000));
  CHECK(!table.claim_probe(b, 4999, 60'000));
  CHECK(table.claim_probe(b, 5000, 60'000));
}

TEST_CASE("backend_table: of processes that suspect a backend at once, one follows it up") {
  struct Told {
    children::TableMemory<BackendTable> memory;
    std::atomic<std::uint32_t> ready{0};
    std::atomic<std::uint64_t> claims{0};
    std::atomic<std::uint64_t> silences{0};
  };
  Shared<Told> told;
  BackendTable table = told->memory.view();
  REQUIRE(table.enroll(1, 8, 0));
  constexpr std::uint64_t kRounds = 2000;
  pid_t pids[4];
  for (pid_t& pid : pids) {
    pid = children::start([&] {
      told->ready.fetch_add(1);
      while (told->ready.load() < 4) {
      }
      for (std::uint64_t i = 1; i <= kRounds; ++i) {
        told->claims.fetch_add(table.claim_suspicion(0, i * shm::kSuspicionMs));
        told->silences.fetch_add(table.mark_silent(0, 1 + i % 8, i));
      }
      return true;
    });
  }
  for (pid_t pid : pids) CHECK(children::succeeded(pid));
  CHECK(told->claims.load() >= 1);
  CHECK(told->claims.load() <= kRounds);
  CHECK(told->silences.load() == 8);
}

TEST_CASE("backend_table: silent addresses are told once, and once when they answer again") {
  auto segment = std::make_unique<shm::Segment>(1024);
  shm::BackendTable& table = segment->backends();
  const std::uint32_t b = table.enroll(1, 8, 0).value();
  const std::uint32_t other = table.enroll(2, 8, 0).value();
  CHECK(!table.is_silent(b, 7));
  CHECK(!table.mark_answering(b, 7));
  CHECK(table.mark_silent(b, 7, 1000));
  CHECK(table.is_silent(b, 7));
  CHECK(!table.is_silent(other, 7));
  CHECK(!table.mark_silent(b, 7, 1500));
  CHECK(table.mark_silent(b, 8, 1500));
  CHECK(table.mark_answering(b, 7));
  CHECK(!table.mark_answering(b, 7));
  CHECK(!table.is_silent(b, 7));
  CHECK(!table.mark_silent(b, 8, 1600));  // not noted twice, although the first cell is free
  CHECK(table.mark_answering(b, 8));
  CHECK(!table.is_silent(b, 8));
}

TEST_CASE("backend_table: a silent address is probed like a dead backend") {
  auto segment = std::make_unique<shm::Segment>(1024);
  shm::BackendTable& table = segment->backends();
  const std::uint32_t b = table.enroll(1, 8, 0).value();
  CHECK(!table.claim_address_probe(b, 7, 90'000, 10'000));
  REQUIRE(table.mark_silent(b, 7, 5000));
  std::uint64_t last = 5000;
  for (const std::uint64_t delay : {1000, 2000, 4000, 8000, 10'000, 10'000}) {
    CHECK(!table.claim_address_probe(b, 7, last + delay - 1, 10'000));
    CHECK(table.claim_address_probe(b, 7, last + delay, 10'000));
    CHECK(!table.claim_address_probe(b, 7, last + delay, 10'000));
    last += delay;
  }
  CHECK(!table.claim_address_probe(b, 8, 900'000, 10'000));
  CHECK(table.last_probe_ms(b) == 0);  // the backend itself was not probed
}

TEST_CASE("backend_table: it notes kMaxSilentAddresses of a backend, and no further one") {
  auto segment = std::make_unique<shm::Segment>(1024);
  shm::BackendTable& table = segment->backends();
  const std::uint32_t b = table.enroll(1, 8, 0).value();
  for (std::size_t i = 1; i <= shm::kMaxSilentAddresses; ++i) CHECK(table.mark_silent(b, i, 1));
  CHECK(!table.mark_silent(b, shm::kMaxSilentAddresses + 1, 1));
  CHECK(!table.is_silent(b, shm::kMaxSilentAddresses + 1));
  REQUIRE(table.mark_answering(b, 3));
  CHECK(table.mark_silent(b, shm::kMaxSilentAddresses + 1, 1));
}

TEST_CASE("backend_table: which of several addresses are silent, and which are forgotten") {
  auto segment = std::make_unique<shm::Segment>(1024);
  shm::BackendTable& table = segment->backends();
  const std::uint32_t b = table.enroll(1, 8, 0).value();
  std::vector<shm::AddressKey> list;
  for (shm::AddressKey key = 101; key <= 132; ++key) list.push_back(key);
  CHECK(table.silent_among(b, list) == 0);
  for (const shm::AddressKey key : {132, 101, 7, 103}) CHECK(table.mark_silent(b, key, 1000));
  CHECK(table.silent_among(b, list) == 0x80000005);
  CHECK(table.silent_among(b, {}) == 0);
  table.forget_silent(b, list);
  CHECK(!table.is_silent(b, 7));
  CHECK(table.silent_among(b, list) == 0x80000005);
  table.forget_silent(b, std::vector<shm::AddressKey>{103});
  CHECK(table.silent_among(b, list) == 0x4);
  table.forget_silent(b, {});
  CHECK(table.silent_among(b, list) == 0);
}

TEST_CASE("backend_table: the next probe of a dead backend can be made due at once") {
  auto segment = std::make_unique<shm::Segment>(1024);
  shm::BackendTable& table = segment->backends();
  const std::uint32_t b = table.enroll(1, 8, 0).value();
  REQUIRE(table.claim_suspicion(b, 4000));
  table.expedite_probe(b);  // does nothing for a live one
  CHECK(table.last_probe_ms(b) == 4000);
  REQUIRE(table.mark_dead(b, shm::DeadReason::refused, 5000));
  for (const std::uint64_t at : {6000, 8000, 12'000}) REQUIRE(table.claim_probe(b, at, 60'000));
  CHECK(!table.claim_probe(b, 12'001, 60'000));
  table.expedite_probe(b);
  CHECK(table.claim_probe(b, 12'001, 60'000));
  CHECK(!table.claim_probe(b, 12'002, 60'000));
}

TEST_CASE("backend_table: when a backend last sent a byte, to within a step") {
  auto segment = std::make_unique<shm::Segment>(1024);
  shm::BackendTable& table = segment->backends();
  const std::uint32_t b = table.enroll(1, 8, 0).value();
  CHECK(table.last_heard_ms(b) == 0);
  table.note_heard(b, 1000);
  CHECK(table.last_heard_ms(b) == 1000);
  table.note_heard(b, 1000 + shm::kHeardStepMs - 1);
  CHECK(table.last_heard_ms(b) == 1000);
  table.note_heard(b, 1000 + shm::kHeardStepMs);
  CHECK(table.last_heard_ms(b) == 1000 + shm::kHeardStepMs);
}

TEST_CASE("the fitness of a backend: dead, warming, live, ejected") {
  using shm::kFirstShare;
  using shm::kFullShare;
  using shm::Standing;
  SharedTable<BackendTable> table;
  REQUIRE(table->enroll(70, 8, 1000) == 0u);
  table->set_recovery(0, {.warmup_ms = 1000, .is_checked = true, .may_be_ejected = true});
  const auto is = [&](std::uint64_t now_ms, Standing standing, unsigned share) {
    const shm::Fitness fitness = table->fitness(0, now_ms);
    return fitness.standing == standing && fitness.share == share;
  };
  CHECK(is(1000, Standing::live, kFullShare));  // a new one does not warm up
  table->mark_dead(0, DeadReason::check, 2000);
  CHECK(is(2000, Standing::dead, 0));
  CHECK(shm::to_text(table->liveness(0).reason) == "check");
  table->mark_live(0, 3000);
  CHECK(table->liveness(0).came_back);
  CHECK(table->liveness(0).reason == DeadReason::none);
  CHECK(is(2990, Standing::warming, kFirstShare));  // a clock that is behind
  CHECK(is(3000, Standing::warming, kFirstShare));
  CHECK(is(3500, Standing::warming, kFirstShare + (kFullShare - kFirstShare) / 2));
  CHECK(is(3999, Standing::warming, 255));
  CHECK(is(4000, Standing::live, kFullShare));
  CHECK(table->ejections().eject(0, 2000, 5000));
  CHECK(is(5000, Standing::ejected, 0));
  CHECK(is(6999, Standing::ejected, 0));
  CHECK(is(7000, Standing::warming, kFirstShare));
  CHECK(is(8000, Standing::live, kFullShare));
  table->mark_dead(0, DeadReason::refused, 6000);
  CHECK(is(6001, Standing::dead, 0));
}

TEST_CASE("without Warmup, Check and Eject nothing of them is left") {
  SharedTable<BackendTable> table;
  REQUIRE(table->enroll(70, 8, 1000) == 0u);
  table->set_recovery(0, {.is_checked = true, .may_be_ejected = true});
  table->checks().note(0, {shm::CheckResult::passed}, 0, 2000);
  table->mark_dead(0, DeadReason::refused, 3000);
  table->mark_live(0, 4000);
  CHECK(table->fitness(0, 4000).standing == shm::Standing::live);
  CHECK(table->ejections().eject(0, 2000, 5000));
  table->set_recovery(0, {});
  CHECK(table->fitness(0, 5000).standing == shm::Standing::live);
  CHECK(table->checks().state(0).at_ms == 0);
}

TEST_CASE("mend keeps that a backend came back") {
  SharedTable<BackendTable> table;
  REQUIRE(table->enroll(70, 8, 1000) == 0u);
  table->mark_dead(0, DeadReason::refused, 3000);
  table->mark_live(0, 4000);
  CHECK(table->mend(3500) == 1);
  CHECK(table->liveness(0).came_back);
  CHECK(table->liveness(0).since_ms == 3500);
}

TEST_CASE("backend_table: failures by reason, responses, deaths, ejections and checks") {
  SharedTable<BackendTable> table;
  REQUIRE(table->enroll(1, 8, 0) == 0u);
  for (std::size_t i = 0; i < shm::kBackendFailures; ++i) {
    const auto why = static_cast<shm::BackendFailure>(i);
    CHECK(to_text(why) != "");
    for (std::size_t n = 0; n <= i; ++n) table->count_failure(0, n % 3, why);
  }
  table->count_response(0, 1, 200, 500);
  table->count_response(0, 2, 503, 2'000);
  shm::add_to(table->cells(0, 1).deaths, 2);
  shm::add_to(table->cells(0, 2).ejections, 3);
  shm::add_to(table->cells(0, 1).checks_passed, 4);
  shm::add_to(table->cells(0, 2).checks_failed, 5);
  const shm::BackendCounters counters = table->counters(0);
  for (std::size_t i = 0; i < shm::kBackendFailures; ++i) {
    CHECK(counters.of(static_cast<shm::BackendFailure>(i)) == i + 1);
  }
  CHECK(counters.failures == shm::kBackendFailures * (shm::kBackendFailures + 1) / 2);
  CHECK(counters.responses.of(shm::ResponseClass::success) == 1);
  CHECK(counters.responses.of(shm::ResponseClass::server_error) == 1);
  CHECK(counters.responses.by_time[0] == 1);
  CHECK(counters.responses.by_time[1] == 1);
  CHECK(counters.responses.total_us == 2'500);
  CHECK(table->response_times(0).total() == 2);
  CHECK(counters.deaths == 2);
  CHECK(counters.ejections == 3);
  CHECK(counters.checks_passed == 4);
  CHECK(counters.checks_failed == 5);
}
