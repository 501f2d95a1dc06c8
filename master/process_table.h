// The master's own list of its children, by generation and slot.
//
// Owns the master's ends of the control sockets. Plain bookkeeping: forks nothing, waits for
// nothing, logs nothing.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "shm/ids.h"
#include "worker/control.h"
#include "worker/net/unique_fd.h"

namespace master {

// Where a worker stands; its successor after a death stands in the same place.
struct WorkerId {
  shm::Generation generation = 0;
  shm::Slot slot = 0;
  bool operator==(const WorkerId&) const = default;
  bool operator<(const WorkerId& other) const {
    return std::tie(generation, slot) < std::tie(other.generation, other.slot);
  }
};

struct Process {
  pid_t pid = 0;
  shm::Row row = 0;
  worker::net::UniqueFd control;
  std::uint64_t born_ms = 0;
  bool ready = false;
  bool accepts = false;   // was sent to work, and has not said that it accepts no more
  bool given_up = false;  // was killed because it did not become ready
};

class ProcessTable {
 public:
  using Entries = std::map<WorkerId, Process>;

  void add(WorkerId id, Process process);  // throws std::logic_error when the place is taken
  // Forgets the process and returns what it was; nothing when `pid` is not one of ours.
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

// Writes an order to the worker's control socket. A worker that is gone or reads nothing does not
// get it; neither blocks or fails.
void give_order(const Process& process, worker::Order order);

// kill(2), but never to a group or to init: throws std::logic_error for a pid of 1 or less.
void send_signal(pid_t pid, int number);

}  // namespace master
