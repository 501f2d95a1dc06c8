// A listener and its services, as one worker uses them: see listener.h.
#include "worker/route/listener.h"

#include <algorithm>

#include "conf/service.h"

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

std::uint64_t bytes_in(std::chrono::seconds span, std::uint64_t rate) {
  return rate * static_cast<std::uint64_t>(span.count());
}

Balancer make_balancer(const conf::Config& config, const conf::Service& service) {
  std::vector<unsigned> weights;
  for (const std::size_t i : service.backends) weights.push_back(config.backends[i].weight());
  return Balancer(weights);
}

std::vector<ClientLimit> make_limits(const std::string& owner,
                                     const std::vector<conf::ClientLimit>& limits,
                                     const std::vector<LimitHeritage>& inherited,
                                     const LimitTables& tables) {
  std::vector<ClientLimit> made;
  for (std::size_t i = 0; i < limits.size(); ++i) {
    made.emplace_back(owner + ": Limit " + std::to_string(i + 1), limits[i], inherited[i], tables);
  }
  return made;
}

}  // namespace

Listener::Listener(const conf::Listener& listener, const ListenerHeritage& inherited,
                   net::DeadlineLists& deadlines, WaitQueues& queues, const shm::SlotGates& gates)
    : config(listener),
      heritage(inherited),
      name(inherited.name),
      port(std::to_string(listener.port)),
      hsts(hsts_line(listener)),
      speaks_http2(std::find(listener.protocols.begin(), listener.protocols.end(),
                             conf::Protocol::http2) != listener.protocols.end()),
      limits(limits_of(listener)),
      router(listener.services),
      slots(queues, gates, Slots::Of::listener, inherited.row),
      queue_timeout(deadlines.of(listener.queue)),
      stream_timeout(deadlines.of(listener.stream)),
      client_timeout(deadlines.of(listener.client)),
      pace{.silence = deadlines.of(listener.body),
           .span = deadlines.of(listener.client),
           .min_bytes = bytes_in(listener.client, listener.limits.min_rate),
           .crowded_bytes = bytes_in(listener.client, kCrowdedRate)},
      surplus_pace{.silence = deadlines.of(listener.body),
                   .span = deadlines.of(kSurplusSpan),
                   .min_bytes = 0,
                   .crowded_bytes = bytes_in(kSurplusSpan, kSurplusRate)} {}

void add_services(Listener& listener, const conf::Config& config,
                  const std::vector<shm::BackendId>& backend_ids, const HashSecret& secret,
                  shm::SessionTable& sessions) {
  for (std::size_t i = 0; i < listener.config.services.size(); ++i) {
    const conf::Service& service = listener.config.services[i];
    const std::uint32_t row = listener.heritage.service_rows[i];
    std::vector<shm::BackendId> ids;
    for (const std::size_t backend : service.backends) ids.push_back(backend_ids[backend]);
    listener.services.push_back(
        {service_name(listener.name, i),
         row,
         service,
         make_balancer(config, service),
         SessionAffinity(service.session, conf::service_identity(listener.name, service), row,
                         secret, sessions, std::move(ids)),
         listener.heritage.service_clients[i],
         {}});
  }
}

void add_limits(Listener& listener, const HashSecret& secret, shm::Segment& segment, shm::Row row) {
  const LimitTables tables{secret, segment, row};
  const ListenerHeritage& heritage = listener.heritage;
  listener.client_limits = make_limits("listener " + listener.name, listener.config.client_limits,
                                       heritage.limits, tables);
  for (std::size_t i = 0; i < listener.services.size(); ++i) {
    Service& service = listener.services[i];
    if (service.config.client_limits.empty()) continue;
    service.client_limits = make_limits("service " + service.name, service.config.client_limits,
                                        heritage.service_limits[i], tables);
  }
}

}  // namespace worker::route
