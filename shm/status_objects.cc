// Status objects: see status_objects.h.
#include "shm/status_objects.h"

#include <numeric>
#include <optional>
#include <utility>

namespace shm {
namespace {

// 0 when `since_ms` is later: processes read their clocks at slightly different moments.
std::uint64_t elapsed(std::uint64_t now_ms, std::uint64_t since_ms) {
  return now_ms > since_ms ? now_ms - since_ms : 0;
}

class Builder {
 public:
  explicit Builder(std::string_view kind) : object_{kind, {}} {}

  Builder& add(std::string_view key, std::uint64_t value) {
    return put(key, StatusField::Kind::number, std::to_string(value));
  }
  Builder& add(std::string_view key, std::string_view text) {
    if (text.empty()) return add_none(key);
    return put(key, StatusField::Kind::text, std::string(text));
  }
  Builder& add_signed(std::string_view key, std::int64_t value) {
    return put(key, StatusField::Kind::number, std::to_string(value));
  }
  Builder& add_none(std::string_view key) { return put(key, StatusField::Kind::none, {}); }

  // In milliseconds with one decimal.
  Builder& add_ms(std::string_view key, std::optional<std::uint64_t> us) {
    if (!us) return add_none(key);
    const std::uint64_t tenths = (*us + 50) / 100;
    return put(key, StatusField::Kind::number,
               std::to_string(tenths / 10) + "." + std::to_string(tenths % 10));
  }

  StatusObject take() { return std::move(object_); }

 private:
  Builder& put(std::string_view key, StatusField::Kind kind, std::string value) {
    object_.fields.push_back({std::string(key), kind, std::move(value)});
    return *this;
  }

  StatusObject object_;
};

StatusObject process_object(const ProcessStatus& process, const Snapshot& snapshot) {
  std::uint64_t clients = 0;
  for (const WorkerStatus& worker : snapshot.workers) clients += worker.info.clients;
  LatencySums response_times;
  for (const BackendStatus& backend : snapshot.backends) response_times.add(backend.response_times);
  Builder object("process");
  object.add("version", process.version).add("pid", static_cast<std::uint64_t>(process.pid));
  object.add("generation", process.generation);
  object.add("uptime_s", elapsed(snapshot.at_ms, process.started_ms) / 1000);
  object.add("workers", snapshot.workers.size()).add("listeners", snapshot.listeners.size());
  object.add("services", snapshot.services.size()).add("backends", snapshot.backends.size());
  object.add("clients", clients).add("requests", snapshot.requests);
  object.add_ms("p50_ms", response_times.percentile_us(50));
  object.add_ms("p99_ms", response_times.percentile_us(99));
  object.add("segment", snapshot.intact ? "intact" : "damaged");
  return object.take();
}

StatusObject worker_object(const WorkerStatus& worker, std::uint64_t now_ms) {
  const WorkerInfo& info = worker.info;
  Builder object("worker");
  object.add("slot", info.slot);
  object.add("pid", static_cast<std::uint64_t>(info.pid > 0 ? info.pid : 0));
  object.add("generation", info.generation).add("state", to_text(info.state));
  object.add("clients", info.clients).add("requests", info.requests);
  if (info.heartbeat_ms == 0) {
    object.add_none("heartbeat_ms");
  } else {
    object.add("heartbeat_ms", elapsed(now_ms, info.heartbeat_ms));
  }
  object.add("log_dropped", worker.log_dropped).add("restarts", info.restarts);
  object.add("doing", to_text(info.doing.activity));
  object.add("buffered", info.buffered).add("buffer_memory", info.buffer_memory);
  return object.take();
}

void add_responses(Builder& object, const ResponseSums& responses) {
  object.add("status_1xx", responses.of(ResponseClass::informational));
  object.add("status_2xx", responses.of(ResponseClass::success));
  object.add("status_3xx", responses.of(ResponseClass::redirection));
  object.add("status_4xx", responses.of(ResponseClass::client_error));
  object.add("status_5xx", responses.of(ResponseClass::server_error));
}

StatusObject listener_object(const ListenerStatus& listener, const RowNames& names) {
  const ReasonCounts& refused = listener.refused;
  const ListenerCounters& counters = listener.counters;
  Builder object("listener");
  object.add("address", name_of(names.listeners, listener.row));
  object.add("in_service", listener.gate.in_service).add("waiting", listener.gate.waiting);
  object.add("waiting_strangers", listener.gate.strangers);
  object.add("limit", listener.gate.limit).add("requests", counters.all_requests());
  object.add("streams", listener.streams.in_service).add("max_streams", listener.streams.limit);
  object.add("connections", counters.connections);
  object.add("bytes_in", counters.bytes_in).add("bytes_out", counters.bytes_out);
  object.add("tls_handshakes", counters.all_handshakes());
  object.add("tls_resumptions", counters.tls_resumptions);
  add_responses(object, counters.responses);
  object.add("refused", std::accumulate(refused.begin(), refused.end(), std::uint64_t{0}));
  for (std::size_t reason = 0; reason < refused.size(); ++reason) {
    if (refused[reason] == 0) continue;
    const bool is_known = reason < names.reasons.size();
    object.add(
        "refused_" + (is_known ? std::string(names.reasons[reason]) : std::to_string(reason)),
        refused[reason]);
  }
  return object.take();
}

void add_admin(Builder& object, const Admin& admin, std::uint64_t now_ms) {
  object.add("admin", to_text(admin.state));
  if (admin.uid) {
    object.add("admin_by", "uid:" + std::to_string(*admin.uid));
  } else {
    object.add_none("admin_by");
  }
  if (admin.since_ms == 0) {
    object.add_none("admin_since_s");
  } else {
    object.add("admin_since_s", elapsed(now_ms, admin.since_ms) / 1000);
  }
}

StatusObject service_object(const ServiceStatus& service, const RowNames& names,
                            std::uint64_t now_ms) {
  Builder object("service");
  object.add("name", name_of(names.services, service.row));
  object.add("requests", service.requests).add("sessions", service.sessions);
  object.add("strangers", service.strangers);
  object.add("retries", service.retries).add("retries_refused", service.retries_refused);
  add_responses(object, service.responses);
  add_admin(object, service.admin, now_ms);
  return object.take();
}

void add_recovery(Builder& object, const BackendStatus& backend, std::uint64_t now_ms) {
  object.add("share", std::uint64_t{backend.fitness.share} * 100 / kFullShare);
  if (backend.fitness.standing == Standing::ejected) {
    object.add("ejected_s", (elapsed(backend.ejected_until_ms, now_ms) + 999) / 1000);
  } else {
    object.add_none("ejected_s");
  }
  object.add("check", check_word(backend.check.last));
  if (backend.check.at_ms == 0) {
    object.add_none("check_s");
  } else {
    object.add("check_s", elapsed(now_ms, backend.check.at_ms) / 1000);
  }
}

void add_weight(Builder& object, unsigned weight) {
  if (weight == 0) {
    object.add_none("weight");
  } else {
    object.add("weight", weight);
  }
}

StatusObject backend_object(const BackendStatus& backend, const RowNames& names,
                            std::uint64_t now_ms) {
  const Liveness& liveness = backend.liveness;
  const bool is_known = backend.row < names.backends.size();
  Builder object("backend");
  if (is_known && !names.backends[backend.row].name.empty()) {
    object.add("name", names.backends[backend.row].name);
  } else {
    object.add("name", "#" + std::to_string(backend.row));
  }
  object.add("address", is_known ? names.backends[backend.row].address : std::string());
  object.add("state", to_text(backend.fitness.standing));
  object.add("since_s", elapsed(now_ms, liveness.since_ms) / 1000);
  object.add("reason", liveness.live ? std::string_view() : to_text(liveness.reason));
  object.add("in_flight", backend.gate.in_service).add("limit", backend.gate.limit);
  object.add("waiting", backend.gate.waiting);
  object.add("waiting_strangers", backend.gate.strangers);
  object.add("requests", backend.counters.requests).add("failures", backend.counters.failures);
  object.add("tls_verify", backend.counters.of(BackendFailure::tls_verify));
  object.add("tls_handshake", backend.counters.of(BackendFailure::tls_handshake));
  object.add_ms("p50_ms", backend.response_times.percentile_us(50));
  object.add_ms("p99_ms", backend.response_times.percentile_us(99));
  if (backend.last_probe_ms == 0) {
    object.add_none("last_probe_s");
  } else {
    object.add("last_probe_s", elapsed(now_ms, backend.last_probe_ms) / 1000);
  }
  add_recovery(object, backend, now_ms);
  add_responses(object, backend.counters.responses);
  object.add("deaths", backend.counters.deaths).add("ejections", backend.counters.ejections);
  add_admin(object, backend.admin, now_ms);
  add_weight(object, is_known ? names.backends[backend.row].weight : 0);
  return object.take();
}

StatusObject limit_object(const LimitStatus& limit, const RowNames& names) {
  RowNames::Limit name;
  name.owner = "#" + std::to_string(limit.row);
  if (limit.row < names.limits.size() && names.limits[limit.row].number != 0) {
    name = names.limits[limit.row];
  }
  Builder object("limit");
  object.add("of", name.owner).add("number", name.number).add("key", name.key);
  object.add("mode", name.mode).add("passed", limit.counters.passed);
  object.add("over", limit.counters.over).add("connections_over", limit.counters.connections_over);
  object.add("evicted", limit.counters.evicted);
  return object.take();
}

StatusObject certificate_object(const RowNames::Certificate& certificate, std::int64_t now_s) {
  Builder object("certificate");
  object.add("owner", certificate.owner).add("of", certificate.of);
  object.add("name", certificate.name).add("file", certificate.file);
  object.add_signed("not_after_s", certificate.not_after_s);
  object.add_signed("expires_in_s", certificate.not_after_s - now_s);
  return object.take();
}

StatusObject client_object(const TopClient& client) {
  Builder object("client");
  object.add("address", client.client).add("over", client.count).add("over_error", client.error);
  return object.take();
}

// An estimate: one request of kRequestsPerSample is counted.
StatusObject busy_client_object(const TopClient& client) {
  Builder object("busy_client");
  object.add("address", client.client);
  object.add("requests", client.count * kRequestsPerSample);
  object.add("requests_error", client.error * kRequestsPerSample);
  return object.take();
}

// The worst state of a worker's connection; nothing when no worker has one.
std::string_view worst_link(const StoreStatus& store) {
  const auto has = [&store](StoreLink link) {
    return store.links[static_cast<std::size_t>(link)] != 0;
  };
  for (const StoreLink link : {StoreLink::down, StoreLink::late, StoreLink::refusing,
                               StoreLink::connecting, StoreLink::ready}) {
    if (has(link)) return to_text(link);
  }
  return {};
}

StatusObject store_object(const StoreStatus& store, std::string_view address) {
  const auto links = [&store](StoreLink link) {
    return store.links[static_cast<std::size_t>(link)];
  };
  const auto count = [&store](StoreCount what) {
    return store.counts[static_cast<std::size_t>(what)];
  };
  Builder object("store");
  object.add("address", address).add("state", worst_link(store));
  object.add("workers_ready", links(StoreLink::ready));
  object.add("workers_connecting", links(StoreLink::connecting));
  object.add("workers_refusing", links(StoreLink::refusing));
  object.add("workers_late", links(StoreLink::late));
  object.add("workers_down", links(StoreLink::down));
  object.add("asked", count(StoreCount::asked)).add("found", count(StoreCount::found));
  object.add("written", count(StoreCount::written)).add("late", count(StoreCount::late));
  object.add("refused", count(StoreCount::refused)).add("skipped", count(StoreCount::skipped));
  return object.take();
}

StatusObject auth_object(const Snapshot& snapshot) {
  Builder object("auth");
  object.add("checks", snapshot.auth_checks).add("matches", snapshot.auth_matches);
  return object.take();
}

StatusObject sessions_object(const Snapshot& snapshot) {
  const SessionTotals& sessions = snapshot.sessions;
  Builder object("sessions");
  object.add("used", sessions.live).add("capacity", snapshot.max_sessions);
  object.add("evicted", sessions.evicted).add("recovered", sessions.recovered);
  object.add("stored", sessions.stored).add("room", sessions.room).add("wiped", sessions.wiped);
  return object.take();
}

}  // namespace

std::size_t object_count(const Snapshot& snapshot, const RowNames& names) {
  const std::size_t lists = snapshot.workers.size() + snapshot.listeners.size() +
                            snapshot.services.size() + snapshot.backends.size() +
                            snapshot.limits.size() + names.certificates.size() +
                            snapshot.top_clients.size() + snapshot.busy_clients.size();
  return lists + 2 + (names.store.empty() ? 0 : 1) + (snapshot.auth_checks != 0 ? 1 : 0);
}

StatusObject status_object(const ProcessStatus& process, const Snapshot& snapshot,
                           const RowNames& names, std::size_t index) {
  if (index == 0) return process_object(process, snapshot);
  --index;
  // Whether it is one of `list`; otherwise `index` counts from the end of that list.
  const auto is_of = [&index](const auto& list) {
    if (index < list.size()) return true;
    index -= list.size();
    return false;
  };
  if (is_of(snapshot.workers)) return worker_object(snapshot.workers[index], snapshot.at_ms);
  if (is_of(snapshot.listeners)) return listener_object(snapshot.listeners[index], names);
  if (is_of(snapshot.services)) {
    return service_object(snapshot.services[index], names, snapshot.at_ms);
  }
  if (is_of(snapshot.backends)) {
    return backend_object(snapshot.backends[index], names, snapshot.at_ms);
  }
  if (is_of(snapshot.limits)) return limit_object(snapshot.limits[index], names);
  if (is_of(names.certificates)) {
    return certificate_object(names.certificates[index], snapshot.at_unix_s);
  }
  if (is_of(snapshot.top_clients)) return client_object(snapshot.top_clients[index]);
  if (is_of(snapshot.busy_clients)) return busy_client_object(snapshot.busy_clients[index]);
  if (index == 0) return sessions_object(snapshot);
  if (index == 1 && !names.store.empty()) return store_object(snapshot.store, names.store);
  return auth_object(snapshot);
}

std::vector<StatusObject> status_objects(const ProcessStatus& process, const Snapshot& snapshot,
                                         const RowNames& names) {
  std::vector<StatusObject> objects;
  const std::size_t count = object_count(snapshot, names);
  objects.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    objects.push_back(status_object(process, snapshot, names, i));
  }
  return objects;
}

std::string name_of(const std::vector<std::string>& names, std::uint32_t row) {
  if (row < names.size() && !names[row].empty()) return names[row];
  return "#" + std::to_string(row);
}

}  // namespace shm
