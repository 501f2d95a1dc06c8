// Names of services: see heritage.h.
#include "worker/route/heritage.h"

#include "conf/service.h"

namespace worker::route {

std::string service_name(const net::SocketAddress& listener, std::size_t index) {
  return net::host_port_text(listener) + "/" + std::to_string(index + 1);
}

std::string service_identity(const net::SocketAddress& listener, const conf::Service& service) {
  return conf::service_identity(net::host_port_text(listener), service);
}

}  // namespace worker::route
