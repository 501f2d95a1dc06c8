// Makes the keys that seal TLS session tickets, and replaces them every twelve hours.
//
// Without `Secret` they are random bytes in the segment and exist nowhere else. With it they follow
// from the secret and the time of day, so that all machines with the secret have the same keys.
// A ticket is valid for two hours, and former keys still open tickets, so a rotation costs no
// client a full handshake.
#pragma once

#include <cstdint>
#include <vector>

#include "shm/ticket_keys.h"
#include "worker/auth/shared_secret.h"

namespace master {

inline constexpr std::uint64_t kTicketKeyMs = std::uint64_t{worker::auth::kTicketPeriodS} * 1000;
inline constexpr std::uint64_t kTicketRetryMs = 60'000;
// How often the clock is looked at, which may be set at any time.
inline constexpr std::uint64_t kTicketClockMs = 60'000;

class TicketRotation {
 public:
  // Makes the first key, of random bytes. Throws StartError when the system has none.
  TicketRotation(shm::TicketKeys& keys, std::uint64_t now_ms);

  // From now on the keys follow from these secrets; without any they are random, and the last key
  // still opens tickets.
  void follow(std::vector<worker::auth::SharedSecret> secrets, std::uint64_t now_ms,
              std::int64_t unix_s);
  // Makes the next keys, if they are due. Without random bytes the present keys stay in use, and
  // another attempt is due after kTicketRetryMs.
  void rotate(std::uint64_t now_ms, std::int64_t unix_s);
  // Makes all keys anew, because an attacker may have read them. Tickets that were given out are
  // worthless then: their clients make a full handshake. False when the keys follow from a secret:
  // they stay, because the other machines have them, too.
  bool replace(std::uint64_t now_ms);
  std::uint64_t due_ms() const { return due_ms_; }

 private:
  bool make_key();
  void make_random(std::uint64_t now_ms);
  void derive(std::uint64_t period);

  shm::TicketKeys& keys_;
  std::vector<worker::auth::SharedSecret> secrets_;
  std::uint64_t period_ = 0;  // of the derived keys
  std::uint64_t due_ms_;
};

}  // namespace master
