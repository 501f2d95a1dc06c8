// Samples of backends and limits: see metric_samples.h.
#include <string>

#include "worker/serve/metric_samples.h"

namespace worker::serve {
namespace {

using From = MetricSource;

// Empty: the row is not one of this generation.
const std::string& backend_at(const From& from, std::uint32_t index) {
  return from.state.names.backends[index].name;
}

shm::BackendCounters counters_of(const From& from, std::uint32_t index) {
  return from.state.segment.backends().counters(index);
}

template <class Figure>
void write_gauge(const From& from, std::uint32_t index, std::string_view name, MetricLines& lines,
                 Figure figure) {
  const std::string& backend = backend_at(from, index);
  if (backend.empty()) return;
  const std::uint32_t rows = from.state.segment.workers().rows_in_use();
  lines.add(name, {{"backend", backend}}, figure(from.state.segment.backends(), rows));
}

template <class Figure>
void write_counter(const From& from, std::uint32_t index, std::string_view name, MetricLines& lines,
                   Figure figure) {
  const std::string& backend = backend_at(from, index);
  if (backend.empty()) return;
  lines.add_counter(name, {{"backend", backend}}, figure(counters_of(from, index)));
}

// The labels of a limit, and one more.
void write_limit(const From& from, std::uint32_t index, std::string_view name, MetricLines& lines,
                 Label more, std::uint64_t count) {
  const shm::RowNames::Limit& limit = from.state.names.limits[index];
  if (limit.number == 0) return;
  const std::string number = std::to_string(limit.number);
  if (more.name.empty()) {
    lines.add_counter(name, {{"of", limit.owner}, {"number", number}}, count);
  } else {
    lines.add_counter(name, {{"of", limit.owner}, {"number", number}, more}, count);
  }
}

shm::LimitCounters limit_of(const From& from, std::uint32_t index) {
  return from.state.segment.limits().counters(index);
}

}  // namespace

void write_backend_up(const From& from, std::uint32_t index, std::string_view name,
                      MetricLines& lines) {
  write_gauge(from, index, name, lines,
              [&](const auto& backends, std::uint32_t) { return backends.is_live(index) ? 1 : 0; });
}

// A sample for each state, so that none begins with its first change.
void write_admin_state(const From& from, std::uint32_t index, std::string_view name,
                       MetricLines& lines) {
  const std::string& backend = backend_at(from, index);
  if (backend.empty()) return;
  const shm::AdminState now = from.state.segment.backends().admin().state(index);
  using enum shm::AdminState;
  for (const shm::AdminState state : {enabled, drained, disabled}) {
    lines.add(name, {{"backend", backend}, {"state", to_text(state)}}, state == now ? 1 : 0);
  }
}

void write_ejected(const From& from, std::uint32_t index, std::string_view name,
                   MetricLines& lines) {
  write_gauge(from, index, name, lines, [&](const auto& backends, std::uint32_t) {
    return backends.fitness(index, from.now_ms).standing == shm::Standing::ejected ? 1 : 0;
  });
}

void write_share(const From& from, std::uint32_t index, std::string_view name, MetricLines& lines) {
  const std::string& backend = backend_at(from, index);
  if (backend.empty()) return;
  const shm::Fitness fitness = from.state.segment.backends().fitness(index, from.now_ms);
  lines.add_millionths(name, {{"backend", backend}},
                       std::uint64_t{fitness.share} * 1'000'000 / shm::kFullShare);
}

void write_in_flight(const From& from, std::uint32_t index, std::string_view name,
                     MetricLines& lines) {
  write_gauge(from, index, name, lines, [&](const auto& backends, std::uint32_t rows) {
    return backends.gate(index).in_service(rows);
  });
}

void write_backend_waiting(const From& from, std::uint32_t index, std::string_view name,
                           MetricLines& lines) {
  write_gauge(from, index, name, lines, [&](const auto& backends, std::uint32_t rows) {
    return backends.gate(index).waiting(rows);
  });
}

void write_backend_limit(const From& from, std::uint32_t index, std::string_view name,
                         MetricLines& lines) {
  const std::uint32_t limit = from.state.segment.backends().gate(index).limit();
  if (limit == 0) return;
  write_gauge(from, index, name, lines, [limit](const auto&, std::uint32_t) { return limit; });
}

void write_backend_requests(const From& from, std::uint32_t index, std::string_view name,
                            MetricLines& lines) {
  write_counter(from, index, name, lines, [](const auto& all) { return all.requests; });
}

void write_backend_responses(const From& from, std::uint32_t index, std::string_view name,
                             MetricLines& lines) {
  const std::string& backend = backend_at(from, index);
  if (backend.empty()) return;
  write_classes({"backend", backend}, counters_of(from, index).responses, name, lines);
}

void write_backend_times(const From& from, std::uint32_t index, std::string_view name,
                         MetricLines& lines) {
  const std::string& backend = backend_at(from, index);
  if (backend.empty()) return;
  lines.add_times(name, {"backend", backend}, counters_of(from, index).responses);
}

void write_failures(const From& from, std::uint32_t index, std::string_view name,
                    MetricLines& lines) {
  const std::string& backend = backend_at(from, index);
  if (backend.empty()) return;
  const shm::BackendCounters counters = counters_of(from, index);
  for (std::size_t i = 0; i < shm::kBackendFailures; ++i) {
    if (counters.by_failure[i] == 0) continue;
    const std::string_view reason = to_text(static_cast<shm::BackendFailure>(i));
    lines.add_counter(name, {{"backend", backend}, {"reason", reason}}, counters.by_failure[i]);
  }
}

void write_deaths(const From& from, std::uint32_t index, std::string_view name,
                  MetricLines& lines) {
  write_counter(from, index, name, lines, [](const auto& all) { return all.deaths; });
}

void write_ejections(const From& from, std::uint32_t index, std::string_view name,
                     MetricLines& lines) {
  write_counter(from, index, name, lines, [](const auto& all) { return all.ejections; });
}

void write_checks(const From& from, std::uint32_t index, std::string_view name,
                  MetricLines& lines) {
  const std::string& backend = backend_at(from, index);
  if (backend.empty()) return;
  const shm::BackendCounters counters = counters_of(from, index);
  if (counters.checks_passed + counters.checks_failed == 0) return;
  lines.add_counter(name, {{"backend", backend}, {"result", "passed"}}, counters.checks_passed);
  lines.add_counter(name, {{"backend", backend}, {"result", "failed"}}, counters.checks_failed);
}

void write_limit_requests(const From& from, std::uint32_t index, std::string_view name,
                          MetricLines& lines) {
  const shm::LimitCounters counters = limit_of(from, index);
  write_limit(from, index, name, lines, {"result", "passed"}, counters.passed);
  write_limit(from, index, name, lines, {"result", "over"}, counters.over);
}

void write_connections_over(const From& from, std::uint32_t index, std::string_view name,
                            MetricLines& lines) {
  write_limit(from, index, name, lines, {}, limit_of(from, index).connections_over);
}

void write_evictions(const From& from, std::uint32_t index, std::string_view name,
                     MetricLines& lines) {
  write_limit(from, index, name, lines, {}, limit_of(from, index).evicted);
}

}  // namespace worker::serve
