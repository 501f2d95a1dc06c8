// A listener and its services, as one worker uses them: see listener.h.
#include "worker/route/listener.h"

namespace worker::route {

namespace {

// Converts the limits of the configuration to those of the parser.
http::Limits limits_of(const conf::Listener& listener) {
  static_assert(conf::Limits().uri == http::kMaxRequestLine);
  static_assert(conf::Limits().header == http::kMaxHead);
  static_assert(conf::Limits().headers == http::kMaxFields);
  static_assert(conf::kMostHeaders <= http::kFieldCapacity);
  const conf::Limits& limits = listener.limits;
  return {.request_line = limits.uri,
          .head = limits.header,
          .fields = limits.headers,
          .body = limits.request != 0 ? limits.request : http::kNoLimit};
}

// RFC 6797 7.2 forbids the field over plain HTTP.
std::string hsts_line(const conf::Listener& listener) {
  if (!listener.tls || listener.tls->hsts.count() == 0) return {};
  return "Strict-Transport-Security: max-age=" + std::to_string(listener.tls->hsts.count()) +
         "\r\n";
}

net::DeadlineList& list_of(net::DeadlineLists& deadlines, std::chrono::seconds seconds) {
  return deadlines.of(static_cast<std::uint64_t>(seconds.count()) * 1000);
}

Balancer make_balancer(const conf::Config& config, const conf::Service& service) {
  std::vector<unsigned> weights;
  for (const std::size_t i : service.backends) weights.push_back(config.backends[i].weight());
  return Balancer(weights);
}

}  // namespace

Listener::Listener(const conf::Listener& listener, const ListenerHeritage& inherited,
                   net::DeadlineLists& deadlines, WaitQueues& queues, shm::Gate gate)
    : config(listener),
      heritage(inherited),
      name(net::host_port_text(inherited.address)),
      port(std::to_string(listener.port)),
      hsts(hsts_line(listener)),
      limits(limits_of(listener)),
      router(listener.services),
      queue(queues, gate),
      queue_timeout(list_of(deadlines, listener.queue)),
      stream_timeout(list_of(deadlines, listener.stream)),
      client_timeout(list_of(deadlines, listener.client)),
      pace{.silence = list_of(deadlines, listener.body),
           .span = list_of(deadlines, listener.client),
           .min_bytes =
               listener.limits.min_rate * static_cast<std::uint64_t>(listener.client.count()),
           .crowded_bytes = kCrowdedRate * static_cast<std::uint64_t>(listener.client.count())} {}

void add_services(Listener& listener, const conf::Config& config,
                  const std::vector<shm::BackendId>& backend_ids, const HashSecret& secret,
                  shm::SessionTable& sessions) {
  const net::SocketAddress& address = listener.heritage.address;
  for (std::size_t i = 0; i < listener.config.services.size(); ++i) {
    const conf::Service& service = listener.config.services[i];
    const std::uint32_t row = listener.heritage.service_rows[i];
    std::vector<shm::BackendId> ids;
    for (const std::size_t backend : service.backends) ids.push_back(backend_ids[backend]);
    listener.services.push_back(
        {service_name(address, i), row, service, make_balancer(config, service),
         SessionAffinity(service.session, service_identity(address, service), row, secret, sessions,
                         std::move(ids))});
  }
}

}  // namespace worker::route
