// Makes the keys that seal TLS session tickets, and replaces them every kTicketKeyMs.
//
// Keys are random bytes in the segment and exist nowhere else. A ticket is valid for two hours, and
// the previous key still opens tickets, so a rotation costs no client a full handshake.
#pragma once

#include <cstdint>

#include "shm/ticket_keys.h"

namespace master {

inline constexpr std::uint64_t kTicketKeyMs = 12 * 3600 * std::uint64_t{1000};
inline constexpr std::uint64_t kTicketRetryMs = 60'000;

class TicketRotation {
 public:
  // Makes the first key. Throws StartError when the system has no random bytes.
  TicketRotation(shm::TicketKeys& keys, std::uint64_t now_ms);

  // Makes the next key. Without random bytes the present keys stay in use, and another attempt is
  // due after kTicketRetryMs.
  void rotate(std::uint64_t now_ms);
  // Makes both keys anew, because an attacker may have read them. Tickets that were given out are
  // worthless then: their clients make a full handshake.
  void replace(std::uint64_t now_ms);
  std::uint64_t due_ms() const { return due_ms_; }

 private:
  bool make_key();

  shm::TicketKeys& keys_;
  std::uint64_t due_ms_;
};

}  // namespace master
