// Samples of the whole program, its workers and its certificates: see metric_samples.h.
#include <algorithm>
#include <array>

#include "worker/serve/metric_samples.h"

namespace worker::serve {
namespace {

using From = MetricSource;
using shm::WorkerState;

// Calls `visit` for each live process; after a reload a slot may have more than one.
template <class Visit>
void each_worker(const From& from, Visit visit) {
  const shm::WorkerTable& workers = from.state.segment.workers();
  for (shm::Row row = 0; row < workers.rows_in_use(); ++row) {
    const shm::WorkerInfo info = workers.info(row);
    if (info.state != WorkerState::free) visit(info);
  }
}

// The sum of a figure over the processes of a slot; nothing where it has none.
template <class Figure>
void write_slot(const From& from, std::uint32_t slot, std::string_view name, MetricLines& lines,
                Figure figure) {
  std::uint64_t sum = 0;
  bool is_used = false;
  each_worker(from, [&](const shm::WorkerInfo& info) {
    if (info.slot != slot) return;
    sum += figure(info);
    is_used = true;
  });
  if (is_used) lines.add(name, {{"worker", std::to_string(slot)}}, sum);
}

}  // namespace

void write_build_info(const From&, std::uint32_t, std::string_view name, MetricLines& lines) {
  lines.add(name, {{"version", POUND_VERSION}}, 1);
}

void write_start_time(const From& from, std::uint32_t, std::string_view name, MetricLines& lines) {
  lines.add_signed(name, {}, from.state.started_s);
}

void write_generation(const From& from, std::uint32_t, std::string_view name, MetricLines& lines) {
  shm::Generation newest = 0;
  each_worker(from, [&](const shm::WorkerInfo& info) {
    if (info.state != WorkerState::starting) newest = std::max(newest, info.generation);
  });
  lines.add(name, {}, newest);
}

void write_standby(const From& from, std::uint32_t, std::string_view name, MetricLines& lines) {
  lines.add(name, {}, from.state.segment.standby().is_on() ? 1 : 0);
}

void write_workers(const From& from, std::uint32_t, std::string_view name, MetricLines& lines) {
  for (const WorkerState state :
       {WorkerState::starting, WorkerState::ready, WorkerState::draining}) {
    std::uint64_t count = 0;
    each_worker(from, [&](const shm::WorkerInfo& info) { count += info.state == state ? 1 : 0; });
    lines.add(name, {{"state", to_text(state)}}, count);
  }
}

// Of each slot that ever had a worker, so that the counter is there while the next one is born.
void write_respawns(const From& from, std::uint32_t slot, std::string_view name,
                    MetricLines& lines) {
  const std::optional<std::uint64_t> count = from.state.segment.workers().restarts(slot);
  if (count) lines.add_counter(name, {{"worker", std::to_string(slot)}}, *count);
}

void write_worker_clients(const From& from, std::uint32_t slot, std::string_view name,
                          MetricLines& lines) {
  write_slot(from, slot, name, lines, [](const auto& info) { return info.clients; });
}

void write_buffered(const From& from, std::uint32_t slot, std::string_view name,
                    MetricLines& lines) {
  write_slot(from, slot, name, lines, [](const auto& info) { return info.buffered; });
}

void write_buffer_memory(const From& from, std::uint32_t slot, std::string_view name,
                         MetricLines& lines) {
  write_slot(from, slot, name, lines, [](const auto& info) { return info.buffer_memory; });
}

void write_log_losses(const From& from, std::uint32_t, std::string_view name, MetricLines& lines) {
  lines.add_counter(name, {}, from.state.segment.workers().log_losses());
}

void write_sessions(const From& from, std::uint32_t, std::string_view name, MetricLines& lines) {
  lines.add(name, {}, from.sessions.live);
}

void write_capacity(const From& from, std::uint32_t, std::string_view name, MetricLines& lines) {
  lines.add(name, {}, from.state.segment.max_sessions());
}

void write_evicted(const From& from, std::uint32_t, std::string_view name, MetricLines& lines) {
  lines.add_counter(name, {}, from.sessions.evicted);
}

void write_auth_checks(const From& from, std::uint32_t, std::string_view name, MetricLines& lines) {
  lines.add_counter(name, {}, from.state.segment.auth().checks.load(std::memory_order_relaxed));
}

void write_auth_matches(const From& from, std::uint32_t, std::string_view name,
                        MetricLines& lines) {
  lines.add_counter(name, {}, from.state.segment.auth().matches.load(std::memory_order_relaxed));
}

void write_not_after(const From& from, std::uint32_t index, std::string_view name,
                     MetricLines& lines) {
  const auto& all = from.state.names.certificates;
  const shm::RowNames::Certificate& one = all[index];
  const auto is_same = [&one](const shm::RowNames::Certificate& other) {
    return other.owner == one.owner && other.of == one.of && other.name == one.name &&
           other.file == one.file;
  };
  // A file may have two certificates for one name. The list begins with the one that expires first.
  if (std::any_of(all.begin(), all.begin() + index, is_same)) return;
  lines.add_signed(name,
                   {{"owner", one.owner}, {"of", one.of}, {"name", one.name}, {"file", one.file}},
                   one.not_after_s);
}

}  // namespace worker::serve
