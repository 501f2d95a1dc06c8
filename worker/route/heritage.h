// What a worker inherits of one listener and its services.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "conf/config.h"
#include "worker/http/relax.h"
#include "worker/net/address.h"

namespace worker::tls {
class Context;
}

namespace worker::route {

// What is written into the log for the listener's service at `index`: "192.0.2.7:80/1".
std::string service_name(const net::SocketAddress& listener, std::size_t index);
// What that service is, so that its sessions and counters find it again after a reload: all but its
// place in the file and its backends.
std::string service_identity(const net::SocketAddress& listener, const conf::Service& service);

struct ListenerHeritage {
  net::SocketAddress address;
  std::uint32_t row = 0;                    // of shm::ListenerTable; set by the master
  std::vector<std::uint32_t> service_rows;  // of shm::ServiceTable, as configured; by the master
  // Non-blocking; set by the master. Those of all slots: the i-th is of slot i % workers, because a
  // reload to fewer workers leaves some over.
  std::vector<int> sockets;
  std::shared_ptr<tls::Context> tls;           // for HTTPS
  http::RuleSet allowed;                       // rules that are relaxed for all of its requests
  std::vector<http::RuleSet> service_allowed;  // for those of each service, with the former
};

}  // namespace worker::route
