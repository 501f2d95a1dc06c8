// Samples of listeners and services: see metric_samples.h.
#include <array>

#include "worker/http/verdict.h"
#include "worker/log/reasons.h"
#include "worker/serve/metric_samples.h"

namespace worker::serve {
namespace {

using From = MetricSource;
using shm::ResponseClass;

constexpr std::array<std::string_view, shm::kRequestProtocols> kProtocols{"http/1.0", "http/1.1",
                                                                          "http/2", "unknown"};
constexpr std::array<std::string_view, shm::kTlsVersions> kTlsVersions{"1.0", "1.1", "1.2", "1.3"};

// Empty: the row is not one of this generation.
const std::string& listener_at(const From& from, std::uint32_t index) {
  return from.state.names.listeners[index];
}

const std::string& service_at(const From& from, std::uint32_t index) {
  return from.state.names.services[index];
}

shm::ListenerCounters counters_of(const From& from, std::uint32_t index) {
  return from.state.segment.listeners().counters(index);
}

void write_gate(const From& from, const std::string& name_of_listener, const shm::Gate& gate,
                std::uint32_t (*figure)(const shm::Gate& gate, std::uint32_t rows),
                std::string_view name, MetricLines& lines) {
  if (name_of_listener.empty()) return;
  const std::uint32_t rows = from.state.segment.workers().rows_in_use();
  lines.add(name, {{"listener", name_of_listener}}, figure(gate, rows));
}

std::uint32_t in_service(const shm::Gate& gate, std::uint32_t rows) {
  return gate.in_service(rows);
}

std::uint32_t waiting(const shm::Gate& gate, std::uint32_t rows) { return gate.waiting(rows); }

std::uint32_t limit(const shm::Gate& gate, std::uint32_t) { return gate.limit(); }

// Counters of listeners that are one number.
template <class Figure>
void write_listener(const From& from, std::uint32_t index, std::string_view name,
                    MetricLines& lines, Figure figure) {
  const std::string& listener = listener_at(from, index);
  if (listener.empty()) return;
  lines.add_counter(name, {{"listener", listener}}, figure(counters_of(from, index)));
}

template <class Figure>
void write_service(const From& from, std::uint32_t index, std::string_view name, MetricLines& lines,
                   Figure figure) {
  const std::string& service = service_at(from, index);
  if (service.empty()) return;
  lines.add_counter(name, {{"service", service}}, figure(from.state.segment.services()));
}

void write_reason(const std::string& listener, std::string_view reason, std::uint64_t count,
                  std::string_view name, MetricLines& lines) {
  if (count == 0) return;
  lines.add_counter(name, {{"listener", listener}, {"reason", reason}}, count);
}

bool has_tls(const shm::ListenerCounters& counters) {
  return counters.all_handshakes() != 0 ||
         counters.own_reasons[*log::find_own_reason("tls_handshake")] != 0;
}

}  // namespace

void write_classes(Label owner, const shm::ResponseSums& sums, std::string_view name,
                   MetricLines& lines) {
  constexpr std::array<std::string_view, shm::kResponseClasses> kCodes{"none", "1xx", "2xx",
                                                                       "3xx",  "4xx", "5xx"};
  for (std::size_t i = 0; i < kCodes.size(); ++i) {
    const bool is_rare = i <= static_cast<std::size_t>(ResponseClass::informational);
    if (is_rare && sums.by_class[i] == 0) continue;
    lines.add_counter(name, {owner, {"code", kCodes[i]}}, sums.by_class[i]);
  }
}

void write_connections(const From& from, std::uint32_t index, std::string_view name,
                       MetricLines& lines) {
  write_listener(from, index, name, lines, [](const auto& all) { return all.connections; });
}

void write_received_bytes(const From& from, std::uint32_t index, std::string_view name,
                          MetricLines& lines) {
  write_listener(from, index, name, lines, [](const auto& all) { return all.bytes_in; });
}

void write_sent_bytes(const From& from, std::uint32_t index, std::string_view name,
                      MetricLines& lines) {
  write_listener(from, index, name, lines, [](const auto& all) { return all.bytes_out; });
}

void write_listener_requests(const From& from, std::uint32_t index, std::string_view name,
                             MetricLines& lines) {
  const std::string& listener = listener_at(from, index);
  if (listener.empty()) return;
  const shm::ListenerCounters counters = counters_of(from, index);
  for (std::size_t i = 0; i < kProtocols.size(); ++i) {
    lines.add_counter(name, {{"listener", listener}, {"protocol", kProtocols[i]}},
                      counters.requests[i]);
  }
}

void write_listener_responses(const From& from, std::uint32_t index, std::string_view name,
                              MetricLines& lines) {
  const std::string& listener = listener_at(from, index);
  if (listener.empty()) return;
  write_classes({"listener", listener}, counters_of(from, index).responses, name, lines);
}

void write_listener_times(const From& from, std::uint32_t index, std::string_view name,
                          MetricLines& lines) {
  const std::string& listener = listener_at(from, index);
  if (listener.empty()) return;
  lines.add_times(name, {"listener", listener}, counters_of(from, index).responses);
}

void write_unserved(const From& from, std::uint32_t index, std::string_view name,
                    MetricLines& lines) {
  const std::string& listener = listener_at(from, index);
  if (listener.empty()) return;
  const shm::ListenerCounters counters = counters_of(from, index);
  for (std::size_t i = 0; i < log::kOwnReasons.size(); ++i) {
    write_reason(listener, log::kOwnReasons[i], counters.own_reasons[i], name, lines);
  }
  const shm::ReasonCounts refusals = from.state.segment.listeners().refusals(index);
  for (std::size_t i = 0; i < http::kReasons; ++i) {
    const std::string_view code = http::info(static_cast<http::Reason>(i)).code;
    write_reason(listener, code, refusals[i], name, lines);
  }
}

void write_handshakes(const From& from, std::uint32_t index, std::string_view name,
                      MetricLines& lines) {
  const std::string& listener = listener_at(from, index);
  if (listener.empty()) return;
  const shm::ListenerCounters counters = counters_of(from, index);
  if (!has_tls(counters)) return;
  for (std::size_t i = 0; i < kTlsVersions.size(); ++i) {
    lines.add_counter(name, {{"listener", listener}, {"version", kTlsVersions[i]}},
                      counters.tls_handshakes[i]);
  }
}

void write_resumptions(const From& from, std::uint32_t index, std::string_view name,
                       MetricLines& lines) {
  write_listener(from, index, name, lines, [](const auto& all) { return all.tls_resumptions; });
}

void write_tls_failures(const From& from, std::uint32_t index, std::string_view name,
                        MetricLines& lines) {
  write_listener(from, index, name, lines, [](const auto& all) {
    std::uint64_t failures = 0;
    for (const char* reason : {"plain_http", "tls_closed", "tls_handshake", "tls_timeout"}) {
      failures += all.own_reasons[*log::find_own_reason(reason)];
    }
    return failures;
  });
}

void write_listener_in_service(const From& from, std::uint32_t index, std::string_view name,
                               MetricLines& lines) {
  write_gate(from, listener_at(from, index), from.state.segment.listeners().gate(index), in_service,
             name, lines);
}

void write_listener_waiting(const From& from, std::uint32_t index, std::string_view name,
                            MetricLines& lines) {
  write_gate(from, listener_at(from, index), from.state.segment.listeners().gate(index), waiting,
             name, lines);
}

void write_listener_limit(const From& from, std::uint32_t index, std::string_view name,
                          MetricLines& lines) {
  const shm::Gate gate = from.state.segment.listeners().gate(index);
  if (gate.limit() == 0) return;
  write_gate(from, listener_at(from, index), gate, limit, name, lines);
}

void write_streams(const From& from, std::uint32_t index, std::string_view name,
                   MetricLines& lines) {
  write_gate(from, listener_at(from, index), from.state.segment.listeners().stream_gate(index),
             in_service, name, lines);
}

void write_max_streams(const From& from, std::uint32_t index, std::string_view name,
                       MetricLines& lines) {
  write_gate(from, listener_at(from, index), from.state.segment.listeners().stream_gate(index),
             limit, name, lines);
}

void write_service_requests(const From& from, std::uint32_t index, std::string_view name,
                            MetricLines& lines) {
  write_service(from, index, name, lines,
                [&](const auto& services) { return services.requests(index); });
}

void write_service_responses(const From& from, std::uint32_t index, std::string_view name,
                             MetricLines& lines) {
  const std::string& service = service_at(from, index);
  if (service.empty()) return;
  write_classes({"service", service}, from.state.segment.services().responses(index), name, lines);
}

void write_service_times(const From& from, std::uint32_t index, std::string_view name,
                         MetricLines& lines) {
  const std::string& service = service_at(from, index);
  if (service.empty()) return;
  lines.add_times(name, {"service", service}, from.state.segment.services().responses(index));
}

void write_service_sessions(const From& from, std::uint32_t index, std::string_view name,
                            MetricLines& lines) {
  const std::string& service = service_at(from, index);
  if (service.empty()) return;
  lines.add(name, {{"service", service}}, from.sessions_of[index]);
}

void write_strangers(const From& from, std::uint32_t index, std::string_view name,
                     MetricLines& lines) {
  write_service(from, index, name, lines,
                [&](const auto& services) { return services.strangers(index); });
}

void write_retries(const From& from, std::uint32_t index, std::string_view name,
                   MetricLines& lines) {
  const std::string& service = service_at(from, index);
  if (service.empty()) return;
  const shm::ServiceTable& services = from.state.segment.services();
  lines.add_counter(name, {{"service", service}, {"result", "allowed"}}, services.retries(index));
  lines.add_counter(name, {{"service", service}, {"result", "refused"}},
                    services.retries_refused(index));
}

}  // namespace worker::serve
