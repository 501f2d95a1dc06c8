// See ticket_rotation.h.
#include "master/ticket_rotation.h"

#include <string.h>
#include <sys/random.h>

#include <cerrno>

#include "master/start_error.h"

namespace master {

TicketRotation::TicketRotation(shm::TicketKeys& keys, std::uint64_t now_ms) : keys_(keys) {
  if (!rotate(now_ms)) throw StartError("no random bytes for the keys of TLS tickets", errno);
}

void TicketRotation::turn(std::uint64_t now_ms) {
  if (now_ms - rotated_ms_ >= kTicketKeyMs) rotate(now_ms);
}

bool TicketRotation::rotate(std::uint64_t now_ms) {
  shm::TicketKey key;
  const bool is_made = ::getrandom(&key, sizeof key, 0) == static_cast<ssize_t>(sizeof key);
  if (is_made) {
    keys_.rotate(key);
    rotated_ms_ = now_ms;
  }
  ::explicit_bzero(&key, sizeof key);
  return is_made;
}

}  // namespace master
