// The deaths of workers: reaped and logged, their slots given back, their successors planned. The
// rest of Supervisor: see supervisor.h.
#include <sys/wait.h>

#include "master/exit_status.h"
#include "master/start_error.h"
#include "master/supervisor.h"

namespace master {

void Supervisor::reap(std::uint64_t) {
  int status = 0;
  for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
    names_.on_exit(pid);
    helpers_.on_exit(pid, status, now_ms());
    if (reload_.preparation) reload_.preparation->on_exit(pid);
    // A child that is not in the table is older than this program: exec(2) keeps children.
    if (const auto dead = processes_.remove(pid)) on_exit(dead->first, dead->second, status);
  }
  has_dead_children_ = false;
}

void Supervisor::on_exit(WorkerId id, const Process& process, int status) {
  const std::string end = describe_exit(status, segment_.workers().info(process.row).refused_call);
  log_drain_.on_exit(process.row,
                     now_ms());  // its last records come before the entry about its death
  segment_.release_row(process.row);
  if (is_violent(status) && phase_ != Phase::stopping) repair_after(process, status);
  // Its slots are free now, and the dead worker cannot wake the requests that wait for them.
  for (const auto& [other, living] : processes_.entries()) env_.wake_fds.notify(living.row);
  const std::string name = name_of(id, process);
  const Generation& generation = generations_.at(id.generation);
  if (phase_ == Phase::stopping && !was_refused_a_call(status)) {
    log(Severity::info, name + " has stopped");
  } else if (generation.state == Generation::State::starting) {
    fail_candidate({name + " " + end + " before it was ready"});
  } else {
    log_death(generation, name, end, status);
    if (generation.state == Generation::State::active) plan_successor(id, process);
  }
  forget_if_gone(id.generation);
}

// The process may have been an attacker's. What it could write to, or read, is made good again.
void Supervisor::repair_after(const Process& process, int status) {
  const std::uint64_t now = now_ms();
  if (is_crash(status) && !tickets_.replace(now)) {
    log(Severity::warning,
        "the keys of TLS tickets stay as they are, because other machines have them from `Secret`; "
        "if you suspect an attack, change the secret");
  }
  if (process.was_ready()) segment_check_.begin(now);
  try {
    env_.wake_fds.mend(process.row);
  } catch (const StartError& error) {
    log(Severity::warning, error.what());
  }
}

void Supervisor::log_death(const Generation& generation, const std::string& name,
                           const std::string& end, int status) {
  if (generation.state == Generation::State::active || was_refused_a_call(status)) {
    log(Severity::error, name + " " + end);
  } else if (generation.state == Generation::State::abandoned) {
    log(Severity::debug, name + " was given up");
  } else if (status != 0) {
    log(Severity::warning, name + " " + end);
  } else {
    log(phase_ == Phase::draining ? Severity::info : Severity::debug, name + " has drained");
  }
}

void Supervisor::plan_successor(WorkerId id, const Process& process) {
  const std::uint64_t now = now_ms();
  try {
    helpers_.renew_channel(generations_.at(id.generation), id.slot);
  } catch (const StartError& error) {
    log(Severity::warning, error.what());
  }
  const std::uint64_t delay = plan_.plan(id, now - process.born_ms, now);
  if (delay == 0) return;
  log(Severity::warning, "worker " + std::to_string(id.slot) +
                             " dies soon after each start: next start in " +
                             std::to_string(delay / 1000) + " s");
}

}  // namespace master
