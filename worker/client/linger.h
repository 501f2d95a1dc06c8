// The end of a connection whose client may still be sending.
//
// A close would answer what the client sends with a reset, and a reset discards what is still
// queued for the client. So Pound ends its own side, and reads and drops what comes, for a while.
// Does not own the connection.
#pragma once

#include <cstddef>
#include <cstdint>

#include "worker/net/endpoint.h"
#include "worker/net/read_buffer.h"

namespace worker::client {

// How long the client may be silent, and how long it may take in all.
inline constexpr std::uint64_t kLingerMs = 2'000;
inline constexpr std::uint64_t kLingerTotalMs = 30'000;

class Linger {
 public:
  enum class Step : std::uint8_t {
    waits,  // for an event, at most kLingerMs
    over,   // the connection is to be closed
  };

  // Ends our side.
  Linger(net::Endpoint& endpoint, std::uint64_t now_ms);
  // Drops what has come. A client that sends much gets one more call in the next turn.
  Step drop_input(net::Endpoint& endpoint, net::ReadBuffer& buffer, std::uint64_t now_ms);
  // kLingerMs of silence are over: whether the client has taken something meanwhile.
  bool is_busy(const net::Endpoint& endpoint) const { return endpoint.stream().unsent() < unsent_; }

 private:
  std::uint64_t end_ms_;
  std::size_t unsent_ = 0;  // when the current wait began
};

}  // namespace worker::client
