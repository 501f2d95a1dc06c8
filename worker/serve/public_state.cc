// See public_state.h.
#include "worker/serve/public_state.h"

#include <algorithm>
#include <string>

#include "worker/net/ip_address.h"

namespace worker::serve {
namespace {

// Whether the configuration leaves it to the network who reaches the service.
bool is_open(const conf::Service& service, const conf::Listener& listener) {
  using Mode = conf::Tls::ClientCert::Mode;
  const auto is_set = [](const conf::ClientList& list) {
    return !list.allow.empty() || !list.deny.empty();
  };
  const bool asks_for_certificate =
      listener.tls && listener.tls->client_cert && listener.tls->client_cert->mode == Mode::require;
  return !service.auth && !is_set(service.clients) && !is_set(listener.clients) &&
         !asks_for_certificate;
}

}  // namespace

void warn_of_public_state(const conf::Config& config,
                          const std::vector<route::ListenerHeritage>& listeners,
                          conf::Diagnostics& diagnostics) {
  for (std::size_t i = 0; i < listeners.size(); ++i) {
    const conf::Listener& listener = config.listeners[i];
    const auto found = std::ranges::find_if(listeners[i].addresses, net::is_public);
    if (found == listeners[i].addresses.end() || !listener.is_whole) continue;
    for (const conf::Service& service : listener.services) {
      if (!service.is_whole || !service.serve || !is_open(service, listener)) continue;
      diagnostics.warning(conf::Lint::public_state, service.serve_where,
                          "everybody who reaches " + net::host_port_text(*found) +
                              " can read the state of Pound; add `Clients` or `Auth`, or put this "
                              "service on a listener at 127.0.0.1 or a private address");
    }
  }
}

}  // namespace worker::serve
