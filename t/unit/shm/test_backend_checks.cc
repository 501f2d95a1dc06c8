// Active checks: who makes one, and how many results in a row there were.
#include "shm/backend_checks.h"

#include <doctest/doctest.h>

#include <memory>

using shm::BackendChecks;
using shm::CheckOutcome;
using shm::CheckResult;

namespace {

constexpr std::uint64_t kNow = 1'000'000;
constexpr std::uint64_t kPeriodMs = 5000;
constexpr CheckOutcome kPassed{CheckResult::passed};
constexpr CheckOutcome kFailed{CheckResult::status, 503};

struct Checked {
  std::unique_ptr<BackendChecks::CommonPart> common = std::make_unique<BackendChecks::CommonPart>();
  BackendChecks checks{*common};
  // The time of the next check, at or after `from`.
  std::uint64_t next(std::uint64_t from, std::uint64_t period_ms = kPeriodMs) {
    while (!checks.claim(7, from, period_ms)) ++from;
    return from;
  }
  unsigned note(CheckOutcome outcome, std::uint64_t now_ms, std::uint64_t since_ms = 0) {
    return checks.note(7, outcome, since_ms, now_ms).in_a_row;
  }
};

}  // namespace

TEST_CASE("backend_checks: the first check is due within a second, the others after a period") {
  Checked house;
  CHECK_FALSE(house.checks.claim(7, kNow, kPeriodMs));
  std::uint64_t last = house.next(kNow);
  CHECK(last > kNow);
  CHECK(last <= kNow + shm::kFirstCheckMs);
  std::uint64_t least = kPeriodMs * 2;
  std::uint64_t most = 0;
  for (int i = 0; i < 200; ++i) {
    CHECK_FALSE(house.checks.claim(7, last, kPeriodMs));  // one caller only
    const std::uint64_t at = house.next(last);
    least = std::min(least, at - last);
    most = std::max(most, at - last);
    last = at;
  }
  CHECK(least >= 4500);
  CHECK(least < 4600);
  CHECK(most > 5400);
  CHECK(most <= 5500);
}

TEST_CASE("backend_checks: backends that begin together are spread") {
  Checked house;
  unsigned due = 0;
  for (std::uint32_t i = 0; i < 1000; ++i) house.checks.claim(i, kNow, kPeriodMs);
  for (std::uint32_t i = 0; i < 1000; ++i) due += house.checks.claim(i, kNow + 500, kPeriodMs);
  CHECK(due > 400);
  CHECK(due < 600);
}

TEST_CASE("backend_checks: a shorter period is in force at once") {
  Checked house;
  house.next(house.next(kNow, 3'600'000), 3'600'000);
  const std::uint64_t now = kNow + 20'000'000;
  CHECK(house.next(now, 1000) <= now + 1 + shm::kFirstCheckMs);
}

TEST_CASE("backend_checks: another worker's clock may be behind") {
  Checked house;
  const std::uint64_t last = house.next(kNow);
  CHECK_FALSE(house.checks.claim(7, last - 900, kPeriodMs));
  CHECK(house.next(last) >= last + 4500);
}

TEST_CASE("backend_checks: results in a row") {
  Checked house;
  CHECK(house.checks.state(7).last.result == CheckResult::none);
  CHECK(house.note(kPassed, kNow) == 1);
  CHECK(house.note(kPassed, kNow + 1) == 2);
  CHECK(house.note(kFailed, kNow + 2) == 1);
  CHECK(house.note({CheckResult::timed_out}, kNow + 3) == 2);
  CHECK(house.checks.state(7).last == CheckOutcome{CheckResult::timed_out});
  CHECK(house.checks.state(7).at_ms == kNow + 3);
  CHECK(house.note(kFailed, kNow + 4) == 3);
  CHECK(house.checks.state(7).last == kFailed);
  CHECK(house.note(kPassed, kNow + 5) == 1);
  CHECK(house.checks.state(6).last.result == CheckResult::none);  // of another backend
  for (int i = 0; i < 300; ++i) house.note(kPassed, kNow + 6);
  CHECK(house.checks.state(7).in_a_row == 255);
}

TEST_CASE("backend_checks: results before the backend died do not count") {
  Checked house;
  CHECK(house.note(kPassed, kNow) == 1);
  CHECK(house.note(kPassed, kNow + 1) == 2);
  CHECK(house.note(kPassed, kNow + 3, kNow + 2) == 1);
  CHECK(house.note(kPassed, kNow + 4, kNow + 2) == 2);
}

TEST_CASE("backend_checks: mend") {
  Checked house;
  CHECK(house.checks.mend(7, kNow) == 0);
  house.note(kPassed, kNow);
  house.common->due_ms[7] = kNow + 3'960'000;
  CHECK(house.checks.mend(7, kNow) == 0);
  house.common->due_ms[7] = kNow + 3'960'001;
  CHECK(house.checks.mend(7, kNow) == 1);
  CHECK(house.common->due_ms[7] == 0);
  CHECK(house.checks.mend(7, kNow - 1) == 1);
  CHECK(house.checks.state(7).last.result == CheckResult::none);
  house.common->states[7] = ~std::uint64_t{0};  // no such result
  CHECK(house.checks.state(7).last.result == CheckResult::none);
  CHECK(house.note(kPassed, kNow) == 1);
}

TEST_CASE("backend_checks: words and texts") {
  CHECK(shm::check_word({CheckResult::none}) == "-");
  CHECK(shm::check_word(kFailed) == "http_503");
  CHECK(shm::check_text(kFailed) == "HTTP 503");
  CHECK(shm::check_text({CheckResult::body}) == "body does not match");
  CHECK(shm::check_word({CheckResult::tls_verify}) == "tls_verify");
}
