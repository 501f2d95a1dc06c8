// Results of active checks: see backend_checks.h. No system call, no lock.
//
// A state word is 6 bits result, 10 bits status, 8 bits number in a row, and 40 bits milliseconds
// (enough for 34 years since the machine started).
#include "shm/backend_checks.h"

#include <algorithm>

namespace shm {
namespace {

constexpr int kResultShift = 58;
constexpr int kStatusShift = 48;
constexpr int kRowShift = 40;
constexpr std::uint64_t kStatusMask = 0x3ff;
constexpr std::uint64_t kRowMask = 0xff;
constexpr std::uint64_t kTimeMask = (std::uint64_t{1} << kRowShift) - 1;
constexpr auto kLastResult = static_cast<std::uint64_t>(CheckResult::body);

struct Words {
  const char* word;
  const char* text;
};

constexpr Words kWords[] = {
    {"-", "none"},
    {"passed", "passed"},
    {"refused", "connection refused"},
    {"unreachable", "unreachable"},
    {"reset", "connection reset"},
    {"closed", "closed without a whole response"},
    {"timed_out", "timed out"},
    {"no_connect", "cannot connect"},
    {"tls_verify", "tls_verify"},
    {"tls_handshake", "tls_handshake"},
    {"invalid_response", "invalid response"},
    {"http_", "HTTP "},
    {"body", "body does not match"},
};
static_assert(std::size(kWords) == kLastResult + 1);

std::uint64_t word_of(const CheckState& state) {
  return static_cast<std::uint64_t>(state.last.result) << kResultShift |
         (static_cast<std::uint64_t>(state.last.status) & kStatusMask) << kStatusShift |
         std::min<std::uint64_t>(state.in_a_row, kRowMask) << kRowShift | (state.at_ms & kTimeMask);
}

// A worker that was taken over may have stored any word.
CheckState state_of(std::uint64_t word) {
  CheckState state;
  const std::uint64_t result = word >> kResultShift;
  if (result == 0 || result > kLastResult) return state;
  state.last.result = static_cast<CheckResult>(result);
  state.last.status = static_cast<int>(word >> kStatusShift & kStatusMask);
  state.in_a_row = static_cast<unsigned>(word >> kRowShift & kRowMask);
  state.at_ms = word & kTimeMask;
  return state;
}

// Spreads backends, and the rounds of one backend, evenly over [0, range).
std::uint64_t spread(std::uint32_t index, std::uint64_t round, std::uint64_t range) {
  std::uint64_t mixed = (round << 12 | index) * 0x9e3779b97f4a7c15u;
  mixed = (mixed ^ mixed >> 32) * 0xc4ceb9fe1a85ec53u;
  return range == 0 ? 0 : (mixed >> 20) % range;
}

}  // namespace

std::string check_word(CheckOutcome outcome) {
  const std::string word = kWords[static_cast<std::size_t>(outcome.result)].word;
  return outcome.result == CheckResult::status ? word + std::to_string(outcome.status) : word;
}

std::string check_text(CheckOutcome outcome) {
  const std::string text = kWords[static_cast<std::size_t>(outcome.result)].text;
  return outcome.result == CheckResult::status ? text + std::to_string(outcome.status) : text;
}

bool BackendChecks::claim(std::uint32_t index, std::uint64_t now_ms, std::uint64_t period_ms) {
  std::atomic<std::uint64_t>& due = common_.due_ms[index];
  std::uint64_t seen = due.load(std::memory_order_relaxed);
  const std::uint64_t jitter = check_jitter_ms(period_ms);
  // Later than any check of this period is due, even by the clock of another worker: the period was
  // longer before a reload.
  const bool is_stale = seen > now_ms + period_ms + jitter + kFirstCheckMs;
  if (seen != 0 && now_ms < seen && !is_stale) return false;
  if (seen == 0 || is_stale) {
    const std::uint64_t range = std::min(kFirstCheckMs, period_ms);
    due.compare_exchange_strong(seen, now_ms + 1 + spread(index, now_ms, range));
    return false;
  }
  const std::uint64_t next = now_ms + period_ms - jitter + spread(index, now_ms, 2 * jitter + 1);
  return due.compare_exchange_strong(seen, next);
}

CheckState BackendChecks::note(std::uint32_t index, CheckOutcome outcome, std::uint64_t since_ms,
                               std::uint64_t now_ms) {
  std::uint64_t seen = common_.states[index].load();
  CheckState made;
  do {
    const CheckState before = state_of(seen);
    const bool passes = outcome.result == CheckResult::passed;
    const bool goes_on = before.at_ms > since_ms && before.passes() == passes;
    made = {outcome, goes_on ? std::min<unsigned>(before.in_a_row + 1, kRowMask) : 1, now_ms};
  } while (!common_.states[index].compare_exchange_weak(seen, word_of(made)));
  return made;
}

CheckState BackendChecks::state(std::uint32_t index) const {
  return state_of(common_.states[index].load(std::memory_order_relaxed));
}

void BackendChecks::restart(std::uint32_t index) {
  common_.due_ms[index].store(0);
  common_.states[index].store(0);
}

std::uint64_t BackendChecks::mend(std::uint32_t index, std::uint64_t now_ms) {
  std::uint64_t mended = 0;
  const std::uint64_t latest = kLongestCheckPeriodMs + check_jitter_ms(kLongestCheckPeriodMs);
  if (common_.due_ms[index].load() > now_ms + latest) {
    common_.due_ms[index].store(0);
    ++mended;
  }
  if (state(index).at_ms > now_ms) {
    common_.states[index].store(0);
    ++mended;
  }
  return mended;
}

}  // namespace shm
