// Makes the keys of TLS session tickets, and new ones from time to time.
//
// Keys are random bytes in the segment, never anywhere else. A ticket lives for two hours and the
// key before the newest still opens, so a rotation costs nobody a full handshake.
#pragma once

#include <cstdint>

#include "shm/ticket_keys.h"

namespace master {

inline constexpr std::uint64_t kTicketKeyMs = 12 * 3600 * std::uint64_t{1000};

class TicketRotation {
 public:
  // Makes the first key. Throws StartError when the system has no random bytes to give.
  TicketRotation(shm::TicketKeys& keys, std::uint64_t now_ms);

  // Makes the next key when it is due; without random bytes the present one stays until they are
  // there.
  void turn(std::uint64_t now_ms);

 private:
  bool rotate(std::uint64_t now_ms);

  shm::TicketKeys& keys_;
  std::uint64_t rotated_ms_ = 0;
};

}  // namespace master
