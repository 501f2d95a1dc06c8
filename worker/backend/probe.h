// Probes dead backends: one worker tries to connect to each of them every `Alive` seconds.
//
// No worker is elected. The first worker that finds a probe due claims it in the segment, for a
// whole period. So a worker that is killed while it probes delays the next probe by at most one
// period, and no worker waits for another. A successful connect marks the backend live for all
// workers and logs it; a failed one changes nothing. Owns its connections.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "shm/backend_table.h"
#include "worker/backend/backend.h"
#include "worker/log/log.h"
#include "worker/net/deadline.h"

namespace worker::backend {

class Probe {
 public:
  Probe(const Backends& backends, shm::BackendTable& table, std::chrono::seconds period,
        net::EventLoop& loop, net::DeadlineLists& deadlines, log::Log& log);
  ~Probe();
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;

  void tick(std::uint64_t now_ms);  // call it several times a second

 private:
  class Attempt;

  const Backends& backends_;
  shm::BackendTable& table_;
  std::uint64_t period_ms_;
  std::vector<std::unique_ptr<Attempt>> attempts_;  // one per backend
};

}  // namespace worker::backend
