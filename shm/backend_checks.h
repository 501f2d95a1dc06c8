// The results of active checks, as all processes see them: who makes the next check of a backend,
// and how its checks went.
//
// A view, private to a process, of fixed rows in the segment; part of BackendTable. No worker is
// elected: the first one that finds a check due claims it, so a worker that is killed while it
// checks costs one period. The last result and the number of equal ones in a row are one atomic
// word, which survives workers and reloads. Times are CLOCK_MONOTONIC milliseconds.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "shm/ids.h"
#include "shm/layout.h"

namespace shm {

// A passed check, or why it failed.
enum class CheckResult : std::uint8_t {
  none,  // there was no check
  passed,
  refused,
  unreachable,
  reset,
  closed,  // without a whole response
  timed_out,
  no_connect,  // for another reason
  tls_verify,
  tls_handshake,
  invalid_response,
  status,  // another one than expected
  body,    // it does not match
};

struct CheckOutcome {
  CheckResult result = CheckResult::none;
  int status = 0;  // of the response, with CheckResult::status
  bool operator==(const CheckOutcome&) const = default;
};

struct CheckState {
  CheckOutcome last;
  unsigned in_a_row = 0;    // checks that passed, or that failed, up to the last one
  std::uint64_t at_ms = 0;  // the end of the last check; 0 = none
  bool passes() const { return last.result == CheckResult::passed; }
};

// Of one word, for the status: "passed", "http_503".
std::string check_word(CheckOutcome outcome);
// For a log line: "HTTP 503".
std::string check_text(CheckOutcome outcome);

// The first check of a new backend is due within this time.
inline constexpr std::uint64_t kFirstCheckMs = 1000;
// The longest period of checks. A check that is due much later than that was never scheduled.
inline constexpr std::uint64_t kLongestCheckPeriodMs = 3'600'000;
// A period is up to so much shorter or longer, so that checks of many backends spread.
constexpr std::uint64_t check_jitter_ms(std::uint64_t period_ms) { return period_ms / 10; }

class BackendChecks {
 public:
  struct CommonPart {
    std::atomic<std::uint64_t> due_ms[kMaxBackends]{};  // of the next check; 0 = not scheduled
    std::atomic<std::uint64_t> states[kMaxBackends]{};  // see backend_checks.cc
  };
  explicit BackendChecks(CommonPart& common) : common_(common) {}

  // Claims the check that is due. True for the one caller that must make it.
  bool claim(std::uint32_t index, std::uint64_t now_ms, std::uint64_t period_ms);
  // Notes how a check ended and returns the state after it. Results before `since_ms`, when the
  // backend has become live or dead, do not count as in a row.
  CheckState note(std::uint32_t index, CheckOutcome outcome, std::uint64_t since_ms,
                  std::uint64_t now_ms);
  CheckState state(std::uint32_t index) const;

  void restart(std::uint32_t index);  // by the master: a new backend
  // By the master: sets values right that no worker can have meant, and returns their number.
  std::uint64_t mend(std::uint32_t index, std::uint64_t now_ms);

 private:
  CommonPart& common_;
};

static_assert(kFitForSegment<BackendChecks::CommonPart>);

}  // namespace shm
