// Brings dead backends back: one process tries to connect to each of them every `Alive` seconds.
//
// No process is elected for that. The one that first sees that a probe is due claims it in the
// segment, and the claim lasts for the whole period. So a prober that is killed delays the next
// probe by at most one period, and no worker waits for another.
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

  void tick(std::uint64_t now_ms);  // several times a second

 private:
  class Attempt;

  const Backends& backends_;
  shm::BackendTable& table_;
  std::uint64_t period_ms_;
  std::vector<std::unique_ptr<Attempt>> attempts_;  // by backend
};

}  // namespace worker::backend
