// The budget of retries: exact counts.
#include "shm/retry_budget.h"

#include <doctest/doctest.h>

using shm::pay_for_retry;

namespace {

// Asks for a retry of each request from `first` to `last`; how many were allowed.
std::uint64_t allowed(std::uint64_t& word, std::uint64_t first, std::uint64_t last) {
  std::uint64_t count = 0;
  for (std::uint64_t request = first; request <= last; ++request) {
    const auto paid = pay_for_retry(word, request);
    if (!paid) continue;
    word = *paid;
    ++count;
  }
  return count;
}

}  // namespace

TEST_CASE("retry_budget: ten at once, and then one in ten requests") {
  std::uint64_t word = 0;
  CHECK(allowed(word, 1, 10) == 10);
  CHECK(allowed(word, 11, 11) == 0 + 1);  // what ten further requests have paid for
  CHECK(allowed(word, 12, 20) == 0);
  CHECK(allowed(word, 21, 21) == 1);
  CHECK(allowed(word, 22, 1000) == 97);
  CHECK(allowed(word, 1001, 11000) == 1000);
}

TEST_CASE("retry_budget: a quiet time saves no more than ten") {
  std::uint64_t word = 0;
  REQUIRE(allowed(word, 1, 1000) == 109);
  word = *pay_for_retry(word, 1'000'000);
  std::uint64_t more = 1;
  while (const auto paid = pay_for_retry(word, 1'000'000)) {
    word = *paid;
    ++more;
  }
  CHECK(more == 10);
}

TEST_CASE("retry_budget: no word blocks it for good") {
  for (const std::uint64_t word : {~std::uint64_t{0}, std::uint64_t{255}, std::uint64_t{5} << 40}) {
    CAPTURE(word);
    std::uint64_t now = word;
    CHECK(allowed(now, 1000, 1999) >= 99);
  }
}
