// See ticket_rotation.h.
#include "master/ticket_rotation.h"

#include <string.h>
#include <sys/random.h>

#include <cerrno>

#include "master/start_error.h"

namespace master {

TicketRotation::TicketRotation(shm::TicketKeys& keys, std::uint64_t now_ms)
    : keys_(keys), due_ms_(now_ms + kTicketKeyMs) {
  if (!make_key()) throw StartError("no random bytes for the keys of TLS tickets", errno);
}

void TicketRotation::rotate(std::uint64_t now_ms) {
  due_ms_ = now_ms + (make_key() ? kTicketKeyMs : kTicketRetryMs);
}

void TicketRotation::replace(std::uint64_t now_ms) {
  for (std::size_t i = 0; i < shm::kTicketKeys; ++i) rotate(now_ms);
}

bool TicketRotation::make_key() {
  shm::TicketKey key;
  const bool is_made = ::getrandom(&key, sizeof key, 0) == static_cast<ssize_t>(sizeof key);
  if (is_made) keys_.rotate(key);
  ::explicit_bzero(&key, sizeof key);
  return is_made;
}

}  // namespace master
