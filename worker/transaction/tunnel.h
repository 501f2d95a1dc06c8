// Bytes both ways between a client and a backend that have switched protocols (101).
//
// There are no messages any more. Each side may end its direction while the other goes on; the end
// is passed on when all bytes before it were taken. Borrows the exchange, the backend's connection
// and the outbox towards it. Never reads from a side while the other side does not keep up.
#pragma once

#include <cstdint>

#include "worker/backend/connection.h"
#include "worker/net/outbox.h"
#include "worker/transaction/exchange.h"

namespace worker::transaction {

class Tunnel {
 public:
  enum class Flow : std::uint8_t {
    running,  // waits for events of both sides
    over,     // both directions have ended, or one side has failed
  };

  Tunnel(Exchange& client, backend::UpstreamConnection& upstream, net::Outbox& to_backend)
      : client_(&client), upstream_(&upstream), to_backend_(&to_backend) {}

  // Moves what can be moved now. `buffer` has room for net::kReadBufferSize bytes.
  Flow run(char* buffer);

  std::uint64_t bytes_to_client() const { return bytes_to_client_; }

 private:
  // What a direction still has to do.
  enum class Direction : std::uint8_t { open, ending, ended };

  bool pump_to_backend(char* buffer);
  bool pump_to_client(char* buffer);

  Exchange* client_;
  backend::UpstreamConnection* upstream_;
  net::Outbox* to_backend_;
  Direction to_backend_state_ = Direction::open;
  Direction to_client_state_ = Direction::open;
  std::uint64_t bytes_to_client_ = 0;
};

}  // namespace worker::transaction
