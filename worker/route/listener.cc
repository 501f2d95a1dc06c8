// A listener and its services, as one worker uses them: see listener.h.
#include "worker/route/listener.h"

#include <algorithm>
#include <random>

#include "conf/service.h"
#include "worker/route/hash_key.h"

namespace worker::route {

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

http::RuleSet relaxed_rules(const conf::Listener& listener, const ListenerHeritage& heritage,
                            std::optional<std::size_t> service, std::string_view method) {
  http::RuleSet allowed = service ? heritage.service_allowed[*service] : heritage.allowed;
  const bool is_added = std::ranges::any_of(
      listener.methods, [method](const conf::AddedMethod& added) { return added.name == method; });
  if (is_added) allowed.add(http::Reason::method_unknown);
  return allowed;
}

namespace {

// RFC 6797 7.2 forbids the field over plain HTTP.
std::string hsts_line(const conf::Listener& listener) {
  if (!listener.tls || listener.tls->hsts.count() == 0) return {};
  return "Strict-Transport-Security: max-age=" + std::to_string(listener.tls->hsts.count()) +
         "\r\n";
}

std::uint64_t bytes_in(std::chrono::seconds span, std::uint64_t rate) {
  return rate * static_cast<std::uint64_t>(span.count());
}

std::optional<std::uint32_t> users_of(const ListenerHeritage& heritage, std::size_t service) {
  return service < heritage.service_users.size() ? heritage.service_users[service] : std::nullopt;
}

// Whether something of the service depends on what its backends are.
bool needs_identities(const conf::Service& service) {
  return service.balance == conf::Balance::hash ||
         service.session.type == conf::SessionPolicy::Type::insert;
}

// `identities`: of the backends, or none.
std::unique_ptr<Balancer> balancer_of(conf::Balance kind, const conf::Config& config,
                                      const std::vector<std::size_t>& backends,
                                      const std::vector<std::string>& identities) {
  std::vector<Member> members;
  members.reserve(backends.size());
  for (const std::size_t i : backends) members.push_back({.weight = config.backends[i].weight()});
  for (std::size_t i = 0; i < identities.size(); ++i) {
    members[i].identity = fixed_hash(identities[i]);
  }
  std::uint64_t random = 0;
  if (kind == conf::Balance::roundrobin) random = std::mt19937_64(std::random_device()())();
  return make_balancer(kind, members, random);
}

std::optional<InsertedCookie> cookie_of(const conf::Service& service,
                                        const std::vector<std::string>& identities,
                                        std::span<const std::string> keys) {
  if (service.session.type != conf::SessionPolicy::Type::insert) return std::nullopt;
  return InsertedCookie(service.session, identities, keys);
}

void choose_logs(Listener& listener, const conf::Global& global) {
  const conf::Listener& config = listener.config;
  listener.access_log = config.access_log ? &*config.access_log : &global.access_log;
  listener.request_id = config.request_id.value_or(global.request_id);
  listener.shows = log::shown_by(listener.access_log->kind);
  for (const conf::Service& service : config.services) {
    if (!service.access_log) continue;
    listener.shows = std::max(listener.shows, log::shown_by(service.access_log->kind));
  }
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
                   net::DeadlineLists& deadlines, WaitQueues& queues, shm::ListenerTable& table,
                   shm::Row row)
    : config(listener),
      heritage(inherited),
      cells(table.cells(inherited.row, row)),
      name(inherited.name),
      port(listener.port != 0 ? std::to_string(listener.port) : ""),
      hsts(hsts_line(listener)),
      speaks_http2(std::find(listener.protocols.begin(), listener.protocols.end(),
                             conf::Protocol::http2) != listener.protocols.end()),
      limits(limits_of(listener)),
      router(listener.services),
      slots(queues, table.slots(inherited.row), Slots::Of::listener, inherited.row),
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
                  const std::vector<shm::BackendId>& backend_ids, const SessionMakings& makings) {
  choose_logs(listener, config.global);
  EditsMaker edits(config, listener.config);
  const Sharings sharings(config, makings.store_keys);
  listener.answer_edits = edits.answers();
  listener.has_edits = !listener.config.edits.empty();
  for (std::size_t i = 0; i < listener.config.services.size(); ++i) {
    const conf::Service& service = listener.config.services[i];
    const std::uint32_t row = listener.heritage.service_rows[i];
    std::vector<shm::BackendId> ids;
    for (const std::size_t backend : service.backends) ids.push_back(backend_ids[backend]);
    const bool has_strangers = service.queue == conf::QueueOrder::known_first;
    const shm::Trust trust = has_strangers ? shm::Trust::unconfirmed : shm::Trust::confirmed;
    std::vector<std::string> identities;
    if (needs_identities(service)) identities = backend_identities(config, service.backends);
    listener.services.push_back(
        {service_name(listener.name, i),
         row,
         service,
         service.access_log ? &*service.access_log : listener.access_log,
         users_of(listener.heritage, i),
         balancer_of(service.balance, config, service.backends, identities),
         balancer_of(conf::Balance::random, config, service.emergency, {}),
         SessionAffinity(service.session, conf::service_identity(listener.name, service), row,
                         makings.secret, makings.table, std::move(ids), trust,
                         sharings.of(service)),
         cookie_of(service, identities, makings.cookie_keys),
         listener.heritage.service_clients[i],
         listener.heritage.service_pages[i],
         {},
         {},
         edits.make(service)});
    listener.has_edits |= listener.services.back().edits != nullptr;
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
