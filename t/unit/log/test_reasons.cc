// Reasons of access records and their counters.
#include <doctest/doctest.h>

#include <memory>
#include <numeric>

#include "worker/log/reasons.h"

using worker::log::find_own_reason;
using worker::log::kOwnReasons;

TEST_CASE("every own reason is found, and no rule") {
  for (std::size_t i = 0; i < kOwnReasons.size(); ++i) CHECK(find_own_reason(kOwnReasons[i]) == i);
  for (const char* other : {"", "a", "bare_lf", "queue", "queue_fulls", "zzz"}) {
    CAPTURE(other);
    CHECK(find_own_reason(other) == std::nullopt);
  }
}

TEST_CASE("own reasons are counted, rules and records without a reason are not") {
  const auto cells = std::make_unique<shm::ListenerCells>();
  for (const char* code : {"queue_full", "", "bare_lf", "queue_full"}) {
    worker::log::count_own_reason(*cells, code);
  }
  shm::ListenerCounters counters;
  counters.add(*cells);
  CHECK(counters.own_reasons[*find_own_reason("queue_full")] == 2);
  CHECK(std::accumulate(counters.own_reasons.begin(), counters.own_reasons.end(), 0U) == 2);
}
