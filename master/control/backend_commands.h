// Commands that take a backend or a service out of use and put it back: drain, disable, enable.
//
// The state lies in the segment (shm/admin_states.h), so workers obey at once. What is about
// services is in service_switch.h. Owns the operators
// that wait for the end of requests.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "master/control/commands.h"
#include "master/control/drain_waiters.h"
#include "master/log_queue.h"
#include "shm/segment.h"
#include "worker/heritage.h"

namespace master::control {

class BackendCommands {
 public:
  // `active`: what the active generation has inherited.
  BackendCommands(shm::Segment& segment, LogQueue& log_queue,
                  std::function<const worker::Heritage&()> active)
      : segment_(segment), log_queue_(log_queue), active_(std::move(active)), waiters_(segment) {}
  BackendCommands(const BackendCommands&) = delete;
  BackendCommands& operator=(const BackendCommands&) = delete;

  void add_to(Commands& commands);
  std::uint64_t due_ms() const { return waiters_.due_ms(); }
  void turn(std::uint64_t now_ms) { waiters_.turn(now_ms); }

 private:
  void run(Call call, shm::AdminState wanted);
  bool set(const worker::Heritage& heritage, const std::vector<std::size_t>& backends,
           shm::AdminState wanted, uid_t uid);
  std::string warnings(const worker::Heritage& heritage, std::size_t backend) const;
  bool takes_new_clients(const worker::Heritage& heritage,
                         const std::vector<std::size_t>& backends) const;

  shm::Segment& segment_;
  LogQueue& log_queue_;
  std::function<const worker::Heritage&()> active_;
  DrainWaiters waiters_;
};

}  // namespace master::control
