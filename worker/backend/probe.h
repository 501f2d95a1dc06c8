// Brings dead backends back: every `Alive` seconds one process tries to connect to each of them.
//
// Which process does is not elected: whoever first sees that a probe is due claims it in the
// segment, and a claim lasts for the whole period. So a prober that is killed delays the next probe
// by at most one period, and no worker waits for another.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "worker/backend/connection.h"
#include "worker/worker_context.h"

namespace worker::backend {

class Probe {
 public:
  explicit Probe(WorkerContext& worker);
  ~Probe();
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;

  void tick(std::uint64_t now_ms);  // several times a second

 private:
  class Attempt;

  WorkerContext& worker_;
  std::uint64_t period_ms_;
  std::vector<std::unique_ptr<Attempt>> attempts_;  // by backend
};

}  // namespace worker::backend
