// See ticket_rotation.h.
#include "master/ticket_rotation.h"

#include <string.h>
#include <sys/random.h>

#include <cerrno>
#include <utility>

#include "master/start_error.h"

namespace master {

TicketRotation::TicketRotation(shm::TicketKeys& keys, std::uint64_t now_ms)
    : keys_(keys), due_ms_(now_ms + kTicketKeyMs) {
  if (!make_key()) throw StartError("no random bytes for the keys of TLS tickets", errno);
}

void TicketRotation::follow(std::vector<worker::auth::SharedSecret> secrets, std::uint64_t now_ms,
                            std::int64_t unix_s) {
  const bool was_shared = !secrets_.empty();
  secrets_ = std::move(secrets);
  if (!secrets_.empty()) {
    derive(worker::auth::ticket_period(unix_s));
    due_ms_ = now_ms + kTicketClockMs;
  } else if (was_shared) {
    make_random(now_ms);
  }
}

void TicketRotation::rotate(std::uint64_t now_ms, std::int64_t unix_s) {
  if (secrets_.empty()) return make_random(now_ms);
  due_ms_ = now_ms + kTicketClockMs;
  const std::uint64_t period = worker::auth::ticket_period(unix_s);
  if (period != period_) derive(period);
}

bool TicketRotation::replace(std::uint64_t now_ms) {
  if (!secrets_.empty()) return false;
  for (int i = 0; i < 2; ++i) make_random(now_ms);
  return true;
}

void TicketRotation::make_random(std::uint64_t now_ms) {
  due_ms_ = now_ms + (make_key() ? kTicketKeyMs : kTicketRetryMs);
}

void TicketRotation::derive(std::uint64_t period) {
  shm::TicketKeySet keys = worker::auth::ticket_keys(secrets_, period);
  keys_.replace(keys);
  ::explicit_bzero(keys.data(), sizeof keys);
  period_ = period;
}

bool TicketRotation::make_key() {
  shm::TicketKey key;
  const bool is_made = ::getrandom(&key, sizeof key, 0) == static_cast<ssize_t>(sizeof key);
  if (is_made) keys_.rotate(key);
  ::explicit_bzero(&key, sizeof key);
  return is_made;
}

}  // namespace master
