// The generations of a supervisor: how the next one comes up beside the one that serves, and how
// the old one leaves. The rest of Supervisor is in supervisor.cc.
#include <signal.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "master/clock.h"
#include "master/start_error.h"
#include "master/start_report.h"
#include "master/supervisor.h"
#include "master/words.h"

namespace master {
namespace {

using worker::log::Severity;

bool same_log(const conf::Global& one, const conf::Global& other) {
  return one.log_socket == other.log_socket && one.log_facility == other.log_facility;
}

}  // namespace

Generation* Supervisor::candidate() {
  for (auto& [number, generation] : generations_) {
    if (generation.state == Generation::State::starting) return &generation;
  }
  return nullptr;
}

// Old generations leave within their Grace: so this is no failure, only a delay.
std::string Supervisor::why_not_now() {
  if (candidate() != nullptr || !unpublished_.empty()) return "another reload is under way";
  if (processes_.size() + reload_needs_ <= shm::kMaxRows) return {};
  return count_of(processes_.size(), "worker") + " are still alive, of old generations too";
}

bool Supervisor::put_off() {
  const std::string reason = why_not_now();
  if (reason.empty()) return false;
  if (!reload_put_off_) around_.log_queue.log(Severity::info, "reload waits: " + reason);
  return reload_wanted_ = reload_put_off_ = true;
}

void Supervisor::reload() {
  if (!reload_wanted_ || phase_ != Phase::running || put_off()) return;
  reload_wanted_ = false;
  reload_began_ms_ = boot_time_ms();
  conf::Diagnostics diagnostics;
  try {
    std::optional<Generation> fresh =
        build_next(around_.reload_source, last_ + 1, active(), around_.wake_fds, diagnostics);
    if (!fresh) return fail_candidate(diagnostics.headlines());
    reload_needs_ = fresh->heritage.workers;
    if (put_off()) return retire_rows();
    for (const std::string& warning : warnings_of(diagnostics)) {
      around_.log_queue.log(Severity::warning, warning);
    }
    const conf::Global& global = fresh->heritage.config->global;
    // Standard output stays what it is.
    if (around_.detached && !same_log(active().heritage.config->global, global)) {
      const StartFolder::Visit visit(around_.reload_source.folder);
      next_sink_ = around_.make_sink(global);
    }
    const shm::Generation number = ++last_;
    spawn_all(generations_.emplace(number, std::move(*fresh)).first->second);
  } catch (const StartError& error) {
    fail_candidate(error.reasons);
  } catch (const std::exception& error) {
    fail_candidate({error.what()});
  }
}

// Everything has been checked and every worker of it is ready: from here on it serves. What could
// fail comes first; behind `put_in_force` there is no way back.
void Supervisor::activate(Generation& fresh) {
  std::string change;
  try {
    change = "generation " + std::to_string(fresh.number) + " active";
    if (phase_ != Phase::starting) change += ": " + describe_change(active(), fresh);
    listen_all(fresh, phase_ == Phase::starting ? nullptr : &active());
  } catch (const std::exception& error) {
    fail_candidate({error.what()});
    return;
  }
  put_in_force(fresh);
  fresh.state = Generation::State::active;
  if (phase_ == Phase::starting) {
    on_first_active();
    let_go(fresh);
    if (phase_ == Phase::running) publish(true, {change});
  } else {
    let_go(fresh);
    change_over(fresh, change);
  }
}

void Supervisor::let_go(const Generation& fresh) {
  for (auto& [id, process] : processes_.entries()) {
    if (id.generation == fresh.number) send_to_work(process);
    around_.wake_fds.notify(process.row);  // a larger limit frees slots that nobody left
  }
}

void Supervisor::change_over(const Generation& fresh, const std::string& change) {
  Generation& old = active();
  active_ = fresh.number;
  if (next_sink_) around_.log_queue.replace_sink(std::move(next_sink_));
  around_.log_queue.log(Severity::notice, change);
  drain_generation(old);
  unpublished_ = change;
  hand_over_ms_ = now_ms() + kHandOverMs;
}

// Who is told that the reload is done must not meet the old configuration any more.
void Supervisor::publish_when_handed_over() {
  if (unpublished_.empty()) return;
  const auto& all = processes_.entries();
  const bool is_late = now_ms() >= hand_over_ms_;
  if (!is_late && std::any_of(all.begin(), all.end(), [&](const auto& entry) {
        return entry.first.generation != active_ && entry.second.accepts;
      })) {
    return;
  }
  publish(true, {std::exchange(unpublished_, {})});
}

void Supervisor::drain_generation(Generation& generation) {
  const auto grace =
      static_cast<std::uint64_t>(generation.heritage.config->global.grace.count()) * 1000;
  generation.state = Generation::State::draining;
  generation.deadline_ms = now_ms() + grace + kGraceExtraMs;
  generation.sockets.clear();  // its workers accept whom they find there, then close theirs
  plan_.clear();
  for (const auto& [id, process] : processes_.entries()) {
    if (id.generation != generation.number) continue;
    segment_.workers().set_state(process.row, shm::WorkerState::draining);
    give_order(process, worker::Order::drain);
  }
  forget_if_gone(generation.number);
}

// The generation that was to come does not; nobody ever sent it a client.
void Supervisor::fail_candidate(std::vector<std::string> reasons) {
  if (phase_ == Phase::starting) {
    fail_start(reasons.front());
    return;
  }
  for (const std::string& reason : reasons) around_.log_queue.log(Severity::error, reason);
  around_.log_queue.log(Severity::error,
                        "reload failed: generation " + std::to_string(active_) + " keeps serving");
  next_sink_.reset();
  if (Generation* const failed = candidate()) abandon(*failed);
  retire_rows();
  publish(false, std::move(reasons));
}

void Supervisor::abandon(Generation& generation) {
  generation.state = Generation::State::abandoned;
  generation.sockets.clear();
  for (const auto& [id, process] : processes_.entries()) {
    if (id.generation == generation.number) send_signal(process.pid, SIGKILL);
  }
  forget_if_gone(generation.number);
}

void Supervisor::forget_if_gone(shm::Generation number) {
  const auto found = generations_.find(number);
  if (number == active_ || found == generations_.end()) return;
  if (found->second.state == Generation::State::starting) return;  // its workers are yet to come
  if (processes_.count_of(number) != 0) return;
  generations_.erase(found);
  retire_rows();
}

std::vector<const Generation*> Supervisor::all_generations() const {
  std::vector<const Generation*> all;
  for (const auto& [number, generation] : generations_) {
    if (number != active_) all.push_back(&generation);
  }
  all.push_back(&generations_.at(active_));
  return all;
}

void Supervisor::retire_rows() { retire_unused(segment_, all_generations()); }

void Supervisor::publish(bool ok, std::vector<std::string> messages) {
  const std::string error =
      around_.reload_report.publish({ok, active_, reload_began_ms_, std::move(messages)});
  if (!error.empty()) {
    around_.log_queue.log(Severity::warning,
                          "the outcome of the reload cannot be published: " + error);
  }
}

}  // namespace master
