// See process_table.h.
#include "master/process_table.h"

#include <signal.h>
#include <sys/socket.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace master {

void ProcessTable::add(WorkerId id, Process process) {
  const bool added = entries_.try_emplace(id, std::move(process)).second;
  if (!added) throw std::logic_error("two workers with one id");
}

std::optional<std::pair<WorkerId, Process>> ProcessTable::remove(pid_t pid) {
  const auto found = std::find_if(entries_.begin(), entries_.end(),
                                  [pid](const auto& entry) { return entry.second.pid == pid; });
  if (found == entries_.end()) return std::nullopt;
  std::pair<WorkerId, Process> removed{found->first, std::move(found->second)};
  entries_.erase(found);
  return removed;
}

Process* ProcessTable::find(WorkerId id) {
  const auto found = entries_.find(id);
  return found == entries_.end() ? nullptr : &found->second;
}

std::size_t ProcessTable::count_of(shm::Generation generation) const {
  return static_cast<std::size_t>(
      std::count_if(entries_.begin(), entries_.end(),
                    [=](const auto& entry) { return entry.first.generation == generation; }));
}

std::size_t ProcessTable::count_ready(shm::Generation generation) const {
  return static_cast<std::size_t>(
      std::count_if(entries_.begin(), entries_.end(), [=](const auto& entry) {
        return entry.first.generation == generation && entry.second.was_ready();
      }));
}

std::string name_of(WorkerId id, const Process& process) {
  return "worker " + std::to_string(id.slot) + " (pid " + std::to_string(process.pid) + ")";
}

void give_order(const Process& process, worker::Order order) {
  ::send(process.control.get(), &order, sizeof order, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void send_signal(pid_t pid, int number) {
  if (pid <= 1) throw std::logic_error("a signal to process " + std::to_string(pid));
  ::kill(pid, number);
}

}  // namespace master
