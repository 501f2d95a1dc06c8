// The end of the program, in order or at once. The rest of Supervisor: see supervisor.h.
#include <signal.h>

#include "master/supervisor.h"

namespace master {

void Supervisor::drain() {
  Generation& active = generations_.active();
  const auto grace = active.heritage.config->global.grace;
  phase_ = Phase::draining;
  reload_.preparation.reset();
  reload_waiters_.give_up("no reload: pound is stopping");
  names_.stop();
  stop_deadline_ms_ = now_ms() + static_cast<std::uint64_t>(grace.count()) * 1000 + kGraceExtraMs;
  drain_generation(active);
  // To all workers, also those that drain already: idle clients get no more patience.
  for (const auto& [id, process] : processes_.entries()) give_order(process, worker::Order::quit);
  log(Severity::notice,
      "stopping when all requests are answered, within " + std::to_string(grace.count()) + " s");
  if (Generation* const unborn = generations_.candidate()) abandon(*unborn);
}

void Supervisor::stop() {
  phase_ = Phase::stopping;
  reload_.preparation.reset();
  reload_waiters_.give_up("no reload: pound is stopping");
  names_.stop();
  stop_deadline_ms_ = now_ms() + kStopMs;
  plan_.clear();
  for (const auto& [id, process] : processes_.entries()) send_signal(process.pid, SIGTERM);
}

std::uint64_t Supervisor::stop_due_ms() const {
  return is_starting_or_running() ? kNever : stop_deadline_ms_;
}

void Supervisor::on_stop_deadline(std::uint64_t now_ms) {
  if (phase_ == Phase::draining) {
    log(Severity::warning, "not all requests were answered in time: stopping now");
    stop();
    return;
  }
  stop_deadline_ms_ = now_ms + kStopMs;
  for (const auto& [id, process] : processes_.entries()) {
    log(Severity::warning, name_of(id, process) + " did not end after SIGTERM and is killed");
    send_signal(process.pid, SIGKILL);
  }
}

}  // namespace master
