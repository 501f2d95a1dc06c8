// See watchdog.h.
#include "master/watchdog.h"

#include <signal.h>

#include <utility>

#include "master/process_state.h"
#include "shm/status_objects.h"

namespace master {

std::vector<WorkerId> Watchdog::look(const ProcessTable& processes, std::uint64_t now_ms) {
  if (now_ms - last_look_ms_ > kAbsenceMs) watched_.clear();
  last_look_ms_ = now_ms;
  std::vector<WorkerId> found;
  std::map<WorkerId, Watched> watched;
  for (const auto& [id, process] : processes.entries()) {
    if (!process.was_ready()) continue;
    const std::uint64_t beat_ms = segment_.workers().info(process.row).heartbeat_ms;
    Watched now{process.pid, beat_ms, now_ms, false};
    const auto before = watched_.find(id);
    if (before != watched_.end() && before->second.pid == process.pid &&
        before->second.beat_ms == beat_ms) {
      now = before->second;
    }
    if (!now.reported && now_ms - now.since_ms >= kStandstillMs) {
      now.reported = true;
      found.push_back(id);
    }
    watched.emplace(id, now);
  }
  watched_ = std::move(watched);
  return found;
}

std::string Watchdog::explain(const Process& process,
                              const std::vector<const Generation*>& generations) const {
  shm::RowNames names;
  for (const Generation* generation : generations) worker::add_names(names, generation->heritage);
  const shm::Doing doing = segment_.workers().info(process.row).doing;
  std::string text = "doing " + std::string(shm::to_text(doing.activity));
  if (doing.listener) text += ", listener " + shm::name_of(names.listeners, *doing.listener);
  if (doing.service) text += ", service " + shm::name_of(names.services, *doing.service);
  return text + "; " + process_state_text(process.pid);
}

void Watchdog::turn(const ProcessTable& processes,
                    const std::vector<const Generation*>& generations, std::uint64_t now_ms) {
  for (const WorkerId id : look(processes, now_ms)) {
    const Process& process = processes.entries().at(id);
    log_queue_.log(worker::log::Severity::error, name_of(id, process) + " has stood still for " +
                                                     std::to_string(kStandstillMs / 1000) +
                                                     " s and is killed; it was " +
                                                     explain(process, generations));
    send_signal(process.pid, SIGKILL);
  }
}

}  // namespace master
