// The master's list of its worker processes, by generation and slot.
//
// Owns the master's ends of the control sockets and the registrations by which the poller watches
// them. Plain bookkeeping: forks nothing, waits for nothing, logs nothing.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "master/poller.h"
#include "shm/ids.h"
#include "worker/control.h"
#include "worker/net/unique_fd.h"

namespace master {

// Which worker a process is. The successor of a dead process gets the same id.
struct WorkerId {
  shm::Generation generation = 0;
  shm::Slot slot = 0;
  bool operator==(const WorkerId&) const = default;
  bool operator<(const WorkerId& other) const {
    return std::tie(generation, slot) < std::tie(other.generation, other.slot);
  }
};

//   starting ──Report::ready──► ready ──Order::go──► accepting ──Report::stopped_accepting──► done
//      └── killed, because it was not ready in time ──► given_up
struct Process {
  enum class State { starting, given_up, ready, accepting, done };

  pid_t pid = 0;
  shm::Row row = 0;
  worker::net::UniqueFd control;  // the master's end; closed when the worker has closed its own
  Poller::Source watch;           // of `control`
  std::uint64_t born_ms = 0;
  State state = State::starting;

  // The worker has reported that it is ready, now or earlier in its life.
  bool was_ready() const { return state >= State::ready; }
};

class ProcessTable {
 public:
  using Entries = std::map<WorkerId, Process>;

  void add(WorkerId id, Process process);  // throws std::logic_error when `id` is taken
  // Removes and returns the process; nothing when `pid` is not in the table.
  std::optional<std::pair<WorkerId, Process>> remove(pid_t pid);

  Process* find(WorkerId id);
  Entries& entries() { return entries_; }
  const Entries& entries() const { return entries_; }
  bool empty() const { return entries_.empty(); }
  std::size_t size() const { return entries_.size(); }
  std::size_t count_of(shm::Generation generation) const;
  std::size_t count_ready(shm::Generation generation) const;

 private:
  Entries entries_;
};

// "worker 1 (pid 123)"
std::string name_of(WorkerId id, const Process& process);

// Writes an order to the worker's control socket. Never blocks; a worker that is gone, or whose
// socket is full, does not get the order.
void give_order(const Process& process, worker::Order order);

// kill(2), but never to a process group or to init: throws std::logic_error for a pid below 2.
void send_signal(pid_t pid, int number);

}  // namespace master
