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

// The name of the listener's service at `index` in the log: "192.0.2.7:80/1".
std::string service_name(const net::SocketAddress& listener, std::size_t index);
// The identity of a service, by which its sessions and counters find it after a reload. See
// conf/service.h.
std::string service_identity(const net::SocketAddress& listener, const conf::Service& service);

struct ListenerHeritage {
  net::SocketAddress address;
  std::uint32_t row = 0;                    // of shm::ListenerTable; set by the master
  std::vector<std::uint32_t> service_rows;  // of shm::ServiceTable, as configured; by the master
  // Non-blocking listening sockets of all slots; set by the master. The i-th socket belongs to slot
  // i % workers: after a reload to fewer workers there are more sockets than slots.
  std::vector<int> sockets;
  std::shared_ptr<tls::Context> tls;           // for HTTPS
  http::RuleSet allowed;                       // rules that are relaxed for all requests
  std::vector<http::RuleSet> service_allowed;  // for each service, including `allowed`
  std::string allowed_methods;                 // the value of Allow in a 405
};

}  // namespace worker::route
