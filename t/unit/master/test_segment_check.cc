#include <doctest/doctest.h>

#include "master/clock.h"
#include "master/segment_check.h"
#include "t/unit/shm/children.h"

using master::LogQueue;
using master::LogSink;
using master::SegmentCheck;

namespace {

using Lines = std::vector<std::string>;

class FakeSink : public LogSink {
 public:
  explicit FakeSink(Lines& lines) : lines_(lines) {}

 protected:
  Sent send(int, pid_t, std::string_view text, std::uint64_t) override {
    lines_.emplace_back(text);
    return Sent::yes;
  }

 private:
  Lines& lines_;
};

struct Fixture {
  Fixture() { log_queue.end_startup(); }
  // Turns until nothing is due at `now`.
  void run(std::uint64_t now) {
    while (check.due_ms() <= now) check.turn(now);
  }

  Lines lines;
  shm::Segment segment{1000};
  LogQueue log_queue{std::make_unique<FakeSink>(lines), 0};
  SegmentCheck check{segment, log_queue};
};

// Keys of one shard.
shm::SessionKey key(std::uint64_t shard) { return {shard, 77}; }

}  // namespace

TEST_CASE_FIXTURE(Fixture,
                  "segment check: says nothing when all is well, and keeps every session") {
  segment.sessions().remember(key(3), 9, 300, 1000);
  CHECK(check.due_ms() == master::kNever);
  check.begin(2000);
  CHECK(check.is_under_way());
  run(2000);
  CHECK_FALSE(check.is_under_way());
  CHECK(check.due_ms() == master::kNever);
  CHECK(lines.empty());
  CHECK(segment.sessions().look_up(key(3), 2000) == 9u);
}

TEST_CASE_FIXTURE(Fixture, "segment check: a shard whose lock is never given back is made anew") {
  for (const std::uint64_t shard : {3, 4}) segment.sessions().remember(key(shard), 9, 300, 1000);
  const children::Bell held;
  const children::Bell done;
  const pid_t holder = children::start([&] {
    const shm::RobustGuard guard(segment.sessions().lock_of(3), 0);
    held.ring();
    return done.wait();
  });
  REQUIRE(held.wait());
  check.begin(2000);
  run(2000);
  CHECK(check.is_under_way());
  CHECK(check.due_ms() == 2000 + master::kLockLookMs);
  run(2000 + master::kLockMs - 1);
  CHECK(check.is_under_way());
  CHECK(lines.empty());
  run(2000 + master::kLockMs + master::kLockLookMs);
  CHECK_FALSE(check.is_under_way());
  CHECK(lines == Lines{"segment: 1 of 256 session shards was rebuilt"});
  CHECK(segment.sessions().look_up(key(3), 3000) == std::nullopt);
  CHECK(segment.sessions().look_up(key(4), 3000) == 9u);
  segment.sessions().remember(key(3), 8, 300, 3000);
  CHECK(segment.sessions().look_up(key(3), 3000) == 8u);
  done.ring();
  CHECK(children::succeeded(holder));
  CHECK(segment.sessions().look_up(key(3), 3000) == 8u);
}

TEST_CASE_FIXTURE(Fixture, "segment check: sessions from the future are removed") {
  segment.sessions().remember(key(3), 9, 300, 1'000'000);
  segment.sessions().remember(key(4), 9, 300, 2000);
  check.begin(2000);
  run(2000);
  CHECK(segment.sessions().totals(2000).stored == 1);
  CHECK(segment.sessions().look_up(key(4), 2000) == 9u);
}

TEST_CASE_FIXTURE(Fixture, "segment check: backends that were marked are probed at once") {
  REQUIRE(segment.backends().enroll(1, 8, 1000) == 0u);
  REQUIRE(segment.backends().enroll(2, 8, 1000) == 1u);
  segment.backends().mark_dead(0, shm::DeadReason::refused, 900'000);  // a time to come
  segment.backends().mark_dead(1, shm::DeadReason::refused, 4000);
  segment.backends().note_heard(0, 900'000);
  REQUIRE(segment.backends().claim_probe(1, 8000, 60'000));
  CHECK_FALSE(segment.backends().claim_probe(0, 20'000, 60'000));
  CHECK_FALSE(segment.backends().claim_probe(1, 9000, 60'000));
  check.begin(9000);
  run(9000);
  CHECK(lines == Lines{"segment: 2 impossible values were set right"});
  CHECK(segment.backends().claim_probe(0, 10'000, 60'000));
  CHECK(segment.backends().claim_probe(1, 9000, 60'000));
  CHECK(segment.backends().last_heard_ms(0) == 0);
}

TEST_CASE_FIXTURE(Fixture, "segment check: times that no limit can set are cleared") {
  constexpr std::uint64_t kSecond = 1'000'000;
  shm::RateTable& rates = segment.rates();
  rates.set_longest(5 * kSecond);
  const shm::Rate possible{5 * kSecond, 5 * kSecond};
  const shm::Rate impossible{3600 * kSecond, 3600 * kSecond};
  // In the first and in the last part of the table.
  const std::uint64_t last = std::uint64_t{0xffffffff} << 32;
  CHECK(rates.pass({1, 1}, possible, 2 * kSecond).passes);
  CHECK(rates.pass({2, 2}, impossible, 2 * kSecond).passes);
  CHECK(rates.pass({last, 3}, impossible, 2 * kSecond).passes);
  check.begin(2000);
  run(2000);
  CHECK(lines == Lines{"segment: 2 impossible values were set right"});
  CHECK_FALSE(rates.pass({1, 1}, possible, 2 * kSecond).passes);
  CHECK(rates.pass({2, 2}, impossible, 2 * kSecond).passes);
}
