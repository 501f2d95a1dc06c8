// See status.h.
#include "master/status.h"

namespace master {
namespace {

std::string count_of(std::uint64_t count, const std::string& one, const std::string& many) {
  return std::to_string(count) + " " + (count == 1 ? one : many);
}

std::string seconds_since(std::uint64_t then_ms, std::uint64_t now_ms) {
  return std::to_string(now_ms > then_ms ? (now_ms - then_ms) / 1000 : 0) + " s";
}

std::string gate_text(shm::Gate& gate, shm::Row rows) {
  const std::string limit = gate.limit() == 0 ? "no limit" : std::to_string(gate.limit());
  return std::to_string(gate.in_service(rows)) + " of " + limit + " in service, " +
         std::to_string(gate.waiting(rows)) + " waiting";
}

std::string worker_line(Place place, const Process& process, shm::Segment& segment,
                        std::uint64_t now_ms) {
  const shm::WorkerInfo info = segment.workers().info(process.row);
  return "status: " + name_of(place, process) + ": generation " + std::to_string(place.generation) +
         ", " + (process.ready ? "ready" : "starting") + ", up " +
         seconds_since(process.born_ms, now_ms) + ", " +
         count_of(info.clients, "client", "clients") + ", " +
         count_of(info.requests, "request", "requests");
}

std::string backend_line(const conf::Backend& backend, std::uint32_t row, shm::Segment& segment,
                         std::uint64_t now_ms) {
  const shm::Liveness liveness = segment.backends().liveness(row);
  const shm::BackendCounters counters = segment.backends().counters(row);
  std::string verdict = "live";
  if (!liveness.live) verdict = "dead (" + std::string(shm::to_text(liveness.reason)) + ")";
  return "status: backend " + backend.name + ": " + verdict + " for " +
         seconds_since(liveness.since_ms, now_ms) + ", " +
         gate_text(segment.backends().gate(row), segment.workers().rows_in_use()) + ", " +
         count_of(counters.requests, "request", "requests") + ", " +
         count_of(counters.failures, "failure", "failures");
}

}  // namespace

std::vector<std::string> status_lines(const Generation& generation, const ProcessTable& processes,
                                      std::uint64_t now_ms) {
  shm::Segment& segment = *generation.heritage.segment;
  const worker::Heritage& heritage = generation.heritage;
  std::vector<std::string> lines;
  for (const auto& [place, process] : processes.entries()) {
    lines.push_back(worker_line(place, process, segment, now_ms));
  }
  for (std::size_t i = 0; i < generation.sockets.size(); ++i) {
    const worker::ListenerHeritage& listener = heritage.listeners[i];
    lines.push_back(
        "status: listener " + worker::host_port_text(listener.address) + ": " +
        gate_text(segment.listeners().gate(listener.row), segment.workers().rows_in_use()) + ", " +
        count_of(segment.listeners().requests(listener.row), "request", "requests"));
  }
  for (std::size_t i = 0; i < heritage.backends.size(); ++i) {
    lines.push_back(
        backend_line(heritage.config->backends[i], heritage.backends[i].row, segment, now_ms));
  }
  return lines;
}

}  // namespace master
