// Probes: connects that find out whether a backend, or one of its addresses, answers.
//
//   a dead backend       1 s after its death, then after 2, 4, 8 … s, at most `Alive` s
//   a silent address     likewise, while its backend is live
//   a suspected backend  at once: it has a request and has sent nothing to any worker since then
//
// A backend with a `Check` is checked instead (check.h), whether it is dead or live; only
// suspicions and silent addresses are probed as well.
//
// No worker is elected. The first worker that finds a probe due claims it in the segment. So a
// worker that is killed while it probes delays the next probe by at most one period, and no worker
// waits for another. A probe connects and closes; it sends nothing, but to a backend with
// `ProxyProtocol` the header of a connection without a client. Owns its connections; Health
// judges and logs their results.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "shm/backend_table.h"
#include "worker/backend/backend.h"
#include "worker/backend/check.h"
#include "worker/backend/health.h"
#include "worker/log/log.h"
#include "worker/net/deadline.h"

namespace worker::backend {

class Probe {
 public:
  // `period`: `Alive`.
  Probe(const Backends& backends, shm::BackendTable& table, Health& health,
        std::chrono::seconds period, net::EventLoop& loop, net::DeadlineLists& deadlines,
        log::Log& log);
  ~Probe();
  Probe(const Probe&) = delete;
  Probe& operator=(const Probe&) = delete;

  void tick(std::uint64_t now_ms);  // call it several times a second
  // Probes a live backend at once and logs `why`, unless one was probed within the last second. The
  // backend is dead if no address takes a connection.
  void suspect(const Backend& backend, std::string_view why);

 private:
  class Attempt;

  void probe_silent_addresses(std::size_t index, std::uint64_t now_ms);

  const Backends& backends_;
  shm::BackendTable& table_;
  Health& health_;
  log::Log& log_;
  std::uint64_t period_ms_;
  std::vector<std::unique_ptr<Attempt>> attempts_;  // one per backend
  std::vector<std::unique_ptr<Check>> checks_;      // likewise; null without `Check`
};

}  // namespace worker::backend
