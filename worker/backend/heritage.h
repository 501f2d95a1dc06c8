// What a worker inherits of one backend.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "shm/ids.h"
#include "worker/net/address.h"

namespace worker::backend {

struct BackendHeritage {
  std::vector<net::SocketAddress>
      addresses;              // in the resolver's order; empty: the name did not resolve
  std::string resolve_error;  // then: why
  std::string head_add;       // ready "Name: value\r\n" lines
  std::uint32_t row = 0;      // of shm::BackendTable; set by the master
  shm::BackendId id = 0;      // set by the master
};

}  // namespace worker::backend
