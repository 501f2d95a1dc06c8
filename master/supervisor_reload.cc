// How the next generation starts beside the active one and replaces it. The rest of Supervisor: see
// supervisor.h.
#include <algorithm>
#include <exception>
#include <memory>
#include <utility>

#include "master/start_error.h"
#include "master/start_report.h"
#include "master/supervisor.h"
#include "master/words.h"

namespace master {
namespace {

bool same_log(const conf::Global& one, const conf::Global& other) {
  return one.log_socket == other.log_socket && one.log_facility == other.log_facility;
}

}  // namespace

void Supervisor::request_reload() {
  if (is_starting_or_running()) {
    if (!reload_.is_wanted) reload_.is_delay_logged = false;
    reload_.is_wanted = true;
    reload_.workers_needed = 0;
    return;
  }
  const std::string reason = "reload refused: pound is stopping";
  log(Severity::notice, reason);
  reload_.began_ms = boot_time_ms();
  reload_waiters_.on_begin();
  publish(false, {reason});
}

std::uint64_t Supervisor::reload_due_ms() const {
  if (!reload_.is_wanted || phase_ != Phase::running) return kNever;
  return reload_.is_delay_logged && !why_not_now().empty() ? kNever : kNow;
}

// Neither reason is a failure: the other reload comes to an end, and old generations leave within
// their Grace.
std::string Supervisor::why_not_now() const {
  if (reload_.preparation || generations_.candidate() != nullptr || !hand_over_.outcome.empty()) {
    return "another reload is under way";
  }
  if (segment_check_.is_under_way()) return "the segment is being checked after a worker's death";
  if (processes_.size() + reload_.workers_needed <= shm::kMaxRows) return {};
  return count_of(processes_.size(), "worker") + " are still alive, including old generations";
}

bool Supervisor::postpone_reload() {
  const std::string reason = why_not_now();
  if (reason.empty()) return false;
  if (!reload_.is_delay_logged) log(Severity::info, "reload waits: " + reason);
  return reload_.is_wanted = reload_.is_delay_logged = true;
}

void Supervisor::reload(std::uint64_t) {
  if (postpone_reload()) return;
  reload_.is_wanted = false;
  reload_.began_ms = boot_time_ms();
  reload_waiters_.on_begin();
  try {
    const StartFolder::Visit visit(env_.reload_source.folder);
    reload_.preparation = std::make_unique<Preparation>(env_.reload_source.config_file,
                                                        &generations_.active().heritage);
  } catch (const std::exception& error) {
    fail_candidate({error.what()});
  }
}

std::uint64_t Supervisor::prepare_due_ms() const {
  return reload_.preparation ? reload_.preparation->due_ms() : kNever;
}

void Supervisor::prepare(std::uint64_t now_ms) {
  if (!reload_.preparation) return;
  const StartFolder::Visit visit(env_.reload_source.folder);
  try {
    reload_.preparation->turn(now_ms);
    if (!reload_.preparation->is_done()) return;
    const std::unique_ptr<Preparation> prepared = std::move(reload_.preparation);
    start_candidate(*prepared);
  } catch (const StartError& error) {
    fail_candidate(error.reasons);
  } catch (const std::exception& error) {
    fail_candidate({error.what()});
  }
}

void Supervisor::start_candidate(Preparation& prepared) {
  if (!prepared.heritage()) return fail_candidate(prepared.diagnostics().headlines());
  const Generation& active = generations_.active();
  Generation next = build_next(std::move(*prepared.heritage()), generations_.next_number(), active,
                               env_.wake_fds, prepared.diagnostics());
  reload_.workers_needed = next.heritage.workers;
  if (postpone_reload()) return retire_rows();
  for (const std::string& one : warnings_of(prepared.diagnostics())) log(Severity::warning, one);
  const conf::Global& global = next.heritage.config->global;
  // In the foreground the log goes to standard output, whatever the configuration says.
  if (env_.detached && !same_log(active.heritage.config->global, global)) {
    reload_.next_sink = env_.make_sink(global);
  }
  spawn_all(generations_.add(std::move(next)));
}

// Called when every worker of `next` is ready. Steps that can fail come first; `put_in_force` is
// the point of no return.
void Supervisor::activate(Generation& next) {
  std::string change;
  std::vector<std::string> admin;
  try {
    const Generation* const previous = phase_ == Phase::starting ? nullptr : &generations_.active();
    change = "generation " + std::to_string(next.number) + " active";
    if (previous != nullptr) change += ": " + describe_change(*previous, next);
    if (previous != nullptr) admin = admin_changes(next);
    listen_all(next, previous);
  } catch (const std::exception& error) {
    fail_candidate({error.what()});
    return;
  }
  put_in_force(next);
  next.state = Generation::State::active;
  tickets_.follow(next.heritage.secrets, now_ms(), std::time(nullptr));
  names_.restart(next, now_ms());
  certificates_.restart(next, now_ms(), std::time(nullptr));
  if (phase_ == Phase::starting) {
    // Before the start command returns: what it publishes must not look like a reload's outcome.
    publish(true, {change});
    on_first_active();
    put_to_work(next);
  } else {
    put_to_work(next);
    hand_over(next, change);
  }
  for (const std::string& line : admin) log(Severity::notice, line);
}

void Supervisor::put_to_work(const Generation& next) {
  for (auto& [id, process] : processes_.entries()) {
    if (id.generation == next.number) let_accept(process);
    env_.wake_fds.notify(process.row);  // a raised limit has free slots for requests that wait
  }
}

void Supervisor::hand_over(const Generation& next, const std::string& change) {
  Generation& old = generations_.active();
  generations_.activate(next.number);
  if (reload_.next_sink) env_.log_queue.replace_sink(std::move(reload_.next_sink));
  log(Severity::notice, change);
  old.control_socket.reset();
  drain_generation(old);
  hand_over_ = {change, now_ms() + kHandOverMs};
}

// Due once no old worker accepts clients any more: a caller that reads of the reload's success must
// not meet the old configuration. Old workers that do not report are not waited for.
std::uint64_t Supervisor::hand_over_due_ms() const {
  if (hand_over_.outcome.empty()) return kNever;
  const auto& all = processes_.entries();
  const bool old_ones_accept = std::any_of(all.begin(), all.end(), [this](const auto& entry) {
    return entry.first.generation != generations_.active().number &&
           entry.second.state == Process::State::accepting;
  });
  return old_ones_accept ? hand_over_.deadline_ms : kNow;
}

void Supervisor::finish_hand_over(std::uint64_t) {
  publish(true, {std::exchange(hand_over_.outcome, {})});
}

// The candidate has had no client yet, so giving it up costs no client anything.
void Supervisor::fail_candidate(std::vector<std::string> reasons) {
  if (phase_ == Phase::starting) {
    fail_start(reasons.front());
    return;
  }
  for (const std::string& reason : reasons) log(Severity::error, reason);
  log(Severity::error, "reload failed: generation " + std::to_string(generations_.active().number) +
                           " keeps serving");
  reload_.preparation.reset();
  reload_.next_sink.reset();
  if (Generation* const failed = generations_.candidate()) abandon(*failed);
  retire_rows();
  publish(false, std::move(reasons));
}

void Supervisor::publish(bool ok, std::vector<std::string> messages) {
  reload_waiters_.on_end(ok, messages);
  const std::string error = env_.reload_report.publish(
      {ok, generations_.active().number, reload_.began_ms, std::move(messages)});
  if (!error.empty()) {
    log(Severity::warning, "the outcome of the reload cannot be published: " + error);
  }
}

}  // namespace master
