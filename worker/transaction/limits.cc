// Whether a client asks too often: see transaction.h.
#include "worker/transaction/transaction.h"

namespace worker::transaction {

namespace {

// The whole seconds of Retry-After: at least 1, because 0 would invite the next request at once.
std::uint64_t seconds_until(std::uint64_t wait_us) {
  constexpr std::uint64_t kSecondUs = 1'000'000;
  return wait_us <= kSecondUs ? 1 : (wait_us + kSecondUs - 1) / kSecondUs;
}

}  // namespace

// Counts the request at one limit after the other. The first one that it exceeds refuses it, and
// the limits after that do not count it.
std::optional<Transaction::Flow> Transaction::check_limits(
    std::vector<route::ClientLimit>& limits) {
  for (route::ClientLimit& limit : limits) {
    const std::optional<std::uint64_t> wait_us =
        limit.over_rate(*now_.head, now_.client_ip, context_.loop.turn_us(), context_.log);
    if (!wait_us) continue;
    http::Answer answer = error_answer(429);
    const std::string seconds = std::to_string(seconds_until(*wait_us));
    answer.field = {"Retry-After", seconds};
    return fail_with(answer, "rate_limited");
  }
  return std::nullopt;
}

}  // namespace worker::transaction
