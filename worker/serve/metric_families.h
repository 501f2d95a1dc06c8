// All families of metrics: their names, types and help texts, and how to write their samples.
//
// A family has samples of one kind of thing: of the whole program, or of each listener, service,
// and so on. Labels are names of the configuration, never what a client said. The section METRICS
// of man/pound.8 has the same families in the same order.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "shm/session_table.h"
#include "worker/serve/metric_lines.h"
#include "worker/serve/state.h"

namespace worker::serve {

// What samples are made from. Counters are read when their samples are written.
struct MetricSource {
  const State& state;
  std::uint64_t now_ms = 0;  // CLOCK_MONOTONIC
  shm::SessionTotals sessions;
  std::vector<std::uint64_t> sessions_of;  // of each service, by row
};

enum class MetricOwner : std::uint8_t {
  process,
  worker,
  listener,
  service,
  backend,
  limit,
  certificate,
  store,  // none without a SessionStore
};

struct MetricFamily {
  MetricOwner owner;
  MetricType type;
  std::string_view name;  // without `_total`
  std::string_view help;
  // Of the owner at `index`: a row of the segment, the slot of a worker, or the place in
  // RowNames::certificates. Writes nothing where there is nothing.
  void (*write)(const MetricSource& from, std::uint32_t index, std::string_view name,
                MetricLines& lines);
};

// How many indices the owners of a kind have. Some may be without an owner.
std::uint32_t owners_of(MetricOwner owner, const MetricSource& from);

std::span<const MetricFamily> metric_families();

}  // namespace worker::serve
