// The deaths of a supervisor's workers: reaped, explained, what they held given back, and their
// successors planned. The rest of Supervisor is in supervisor.cc.
#include <sys/wait.h>

#include "master/clock.h"
#include "master/exit_status.h"
#include "master/supervisor.h"

namespace master {

using worker::log::Severity;

void Supervisor::reap() {
  int status = 0;
  for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
    // Children that are not ours were there before this program was started in its process.
    if (const auto dead = processes_.remove(pid)) on_exit(dead->first, dead->second, status);
  }
}

void Supervisor::on_exit(WorkerId id, const Process& process, int status) {
  log_drain_.on_exit(process.row);  // its last words come before ours
  // What it held is free now: those who wait for it have nobody else to wake them.
  segment_.release_row(process.row);
  for (const auto& [other, living] : processes_.entries()) around_.wake_fds.notify(living.row);
  const std::string name = name_of(id, process);
  const Generation& generation = generations_.at(id.generation);
  if (phase_ == Phase::stopping) {
    around_.log_queue.log(Severity::info, name + " has stopped");
  } else if (generation.state == Generation::State::starting) {
    fail_candidate({name + " " + describe_exit(status) + " before it was ready"});
  } else {
    tell_death(generation, name, status);
    if (generation.state == Generation::State::active) plan_successor(id, process);
  }
  forget_if_gone(id.generation);
}

void Supervisor::tell_death(const Generation& generation, const std::string& name, int status) {
  if (generation.state == Generation::State::active) {
    around_.log_queue.log(Severity::error, name + " " + describe_exit(status));
  } else if (generation.state == Generation::State::abandoned) {
    around_.log_queue.log(Severity::debug, name + " was given up");
  } else if (status != 0) {
    around_.log_queue.log(Severity::warning, name + " " + describe_exit(status));
  } else {
    around_.log_queue.log(phase_ == Phase::draining ? Severity::info : Severity::debug,
                          name + " has drained");
  }
}

void Supervisor::plan_successor(WorkerId id, const Process& process) {
  const std::uint64_t now = now_ms();
  const std::uint64_t delay = plan_.plan(id, now - process.born_ms, now);
  if (delay == 0) return;
  around_.log_queue.log(Severity::warning, "worker " + std::to_string(id.slot) +
                                               " dies young again and again: next start in " +
                                               std::to_string(delay / 1000) + " s");
}

}  // namespace master
