// See supervisor.h. Births, orders and the loop are here; deaths are in supervisor_deaths.cc.
#include "master/supervisor.h"

#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "master/clock.h"
#include "master/spawn.h"
#include "master/start_error.h"

namespace master {
namespace {

using worker::log::Severity;

constexpr int kBreathMs = 100;
constexpr std::uint64_t kTellTroubleMs = 1000;  // at most once in this time

std::string listening_text(const Generation& generation) {
  std::string text;
  for (std::size_t i = 0; i < generation.sockets.size(); ++i) {
    text += text.empty() ? "" : ", ";
    text += worker::net::host_port_text(generation.sockets[i].address);
  }
  return text;
}

}  // namespace

Supervisor::Supervisor(Surroundings surroundings, Generation generation)
    : around_(std::move(surroundings)),
      active_(generation.number),
      last_(generation.number),
      segment_(*generation.heritage.segment),
      log_drain_(segment_, around_.log_queue),
      tickets_(segment_.ticket_keys(), now_ms()),
      status_(segment_, around_.log_queue, now_ms()),
      watchdog_(segment_, around_.log_queue),
      reload_began_ms_(boot_time_ms()) {
  generations_.emplace(active_, std::move(generation));
}

// Reached with processes left only when something threw: nobody is left over even then.
Supervisor::~Supervisor() {
  for (const auto& [id, process] : processes_.entries()) {
    send_signal(process.pid, SIGKILL);
    ::waitpid(process.pid, nullptr, 0);
  }
}

int Supervisor::run() {
  try {
    spawn_all(active());
  } catch (const StartError& error) {
    fail_start(error.what());
  }
  while (phase_ == Phase::starting || phase_ == Phase::running || !processes_.empty()) {
    try {
      turn();
    } catch (const std::exception& error) {
      survive(error.what());
    }
  }
  around_.log_queue.log(Severity::notice, "stopped");
  around_.log_queue.finish();
  return exit_status_;
}

// --- births --------------------------------------------------------------------------------------

void Supervisor::spawn_all(const Generation& generation) {
  for (shm::Slot slot = 0; slot < generation.heritage.workers; ++slot) spawn(generation, slot);
}

void Supervisor::spawn(const Generation& generation, shm::Slot slot) {
  const WorkerId id{generation.number, slot};
  Process born = spawn_worker(generation, slot, around_.detached);
  const pid_t pid = born.pid;
  const shm::Row row = born.row;
  try {
    processes_.add(id, std::move(born));
  } catch (const std::exception&) {  // nobody would ever ask for it
    send_signal(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    segment_.release_row(row);
    throw;
  }
  log_drain_.on_spawn(row, now_ms());
}

void Supervisor::respawn_due() {
  for (const WorkerId id : plan_.take_due(now_ms())) {
    try {
      spawn(generations_.at(id.generation), id.slot);
    } catch (const StartError& error) {
      around_.log_queue.log(Severity::error, "worker " + std::to_string(id.slot) +
                                                 " cannot be started again: " + error.what());
      plan_.retry(id, now_ms());
    }
  }
}

void Supervisor::on_ready(WorkerId id, Process& process) {
  process.ready = true;
  segment_.workers().set_state(process.row, shm::WorkerState::ready);
  around_.log_queue.log(Severity::debug, name_of(id, process) + " is ready");
  Generation& generation = generations_.at(id.generation);
  if (generation.state == Generation::State::active) {
    send_to_work(process);
  } else if (generation.state == Generation::State::starting &&
             processes_.count_ready(id.generation) == generation.heritage.workers) {
    activate(generation);
  }
}

void Supervisor::send_to_work(Process& process) {
  process.accepts = true;
  give_order(process, worker::Order::go);
}

void Supervisor::on_first_active() {
  const bool told = around_.startup_pipe.report_ready();
  around_.log_queue.end_startup();
  if (!told) {
    fail_start("the command that started us was interrupted");
    return;
  }
  phase_ = Phase::running;
  around_.log_queue.log(Severity::notice, "ready: listening on " + listening_text(active()));
}

// --- when something threw ------------------------------------------------------------------------

// No memory, or a fault of ours: while clients are served they must not pay for it.
void Supervisor::survive(const char* what) {
  if (phase_ == Phase::starting) return fail_start(what);
  is_shaken_ = true;
  // Should it last, it is to cost neither a processor nor the log.
  ::poll(nullptr, 0, kBreathMs);
  if (now_ms() - trouble_told_ms_ < kTellTroubleMs) return;
  trouble_told_ms_ = now_ms();
  around_.log_queue.log(Severity::error, "the master could not do all that was due, and goes on:");
  around_.log_queue.log(Severity::error, what);
}

// What may have been left out: the dead, a successor, a candidate that is ready by now.
void Supervisor::mend() {
  if (!is_shaken_) return;
  reap();
  for (shm::Slot slot = 0; phase_ == Phase::running && slot < active().heritage.workers; ++slot) {
    const WorkerId id{active_, slot};
    if (processes_.find(id) == nullptr && !plan_.holds(id)) plan_.retry(id, now_ms());
  }
  Generation* const next = candidate();
  if (next != nullptr && phase_ == Phase::running) {
    const bool is_ready = processes_.count_ready(next->number) == next->heritage.workers;
    if (is_ready) activate(*next);
    if (!is_ready) fail_candidate({"its start was interrupted, as told above"});
  }
  is_shaken_ = false;
}

// --- orders --------------------------------------------------------------------------------------

void Supervisor::on_signal(int number) {
  switch (number) {
    case SIGCHLD:
      reap();
      break;
    case SIGTERM:
    case SIGINT:
    case SIGQUIT:
      if (phase_ == Phase::starting) {
        fail_start(std::string("stopped by SIG") + ::sigabbrev_np(number) + " before it was ready");
      } else if (phase_ == Phase::running && number != SIGTERM) {
        drain();
      } else if (phase_ != Phase::stopping) {
        around_.log_queue.log(Severity::notice, "stopping now");
        stop();
      }
      break;
    case SIGHUP:
      want_reload();
      break;
    case SIGUSR1:
      status_.ask();
      break;
    default:
      break;
  }
}

void Supervisor::want_reload() {
  if (phase_ == Phase::starting || phase_ == Phase::running) {
    if (!reload_wanted_) reload_put_off_ = false;
    reload_wanted_ = true;
    reload_needs_ = 0;
    return;
  }
  const std::string reason = "no reload any more: pound is stopping";
  around_.log_queue.log(Severity::notice, reason);
  reload_began_ms_ = boot_time_ms();
  publish(false, {reason});
}

void Supervisor::drain() {
  const auto grace = active().heritage.config->global.grace;
  phase_ = Phase::draining;
  deadline_ms_ = now_ms() + static_cast<std::uint64_t>(grace.count()) * 1000 + kGraceExtraMs;
  drain_generation(active());
  // Those that drain already lose their patience, too.
  for (const auto& [id, process] : processes_.entries()) give_order(process, worker::Order::quit);
  around_.log_queue.log(Severity::notice, "stopping when all requests are answered, within " +
                                              std::to_string(grace.count()) + " s");
  if (Generation* const unborn = candidate()) abandon(*unborn);
}

void Supervisor::stop() {
  phase_ = Phase::stopping;
  deadline_ms_ = now_ms() + kStopMs;
  plan_.clear();
  for (const auto& [id, process] : processes_.entries()) send_signal(process.pid, SIGTERM);
}

void Supervisor::fail_start(const std::string& reason) {
  exit_status_ = 1;
  around_.log_queue.log(Severity::error, reason);
  stop();
}

// --- the loop ------------------------------------------------------------------------------------

void Supervisor::turn() {
  wait();
  mend();
  while (const std::optional<int> number = around_.signals.next()) on_signal(*number);
  check_deadlines();
  respawn_due();
  publish_when_handed_over();
  reload();
  tickets_.turn(now_ms());
  watchdog_.turn(processes_, all_generations(), now_ms());
  status_.turn(all_generations(), now_ms());
  log_drain_.turn(now_ms());
}

void Supervisor::wait() {
  std::vector<WorkerId> ids;
  std::vector<pollfd> polled{{around_.signals.fd(), POLLIN, 0},
                             {around_.wake_fds.doorbell(), POLLIN, 0},
                             {around_.log_queue.writable_fd(), POLLOUT, 0}};
  const std::size_t others = polled.size();
  for (const auto& [id, process] : processes_.entries()) {
    if (!process.control) continue;
    ids.push_back(id);
    polled.push_back({process.control.get(), POLLIN, 0});
  }
  const int timeout = timeout_ms();
  const timespec limit{timeout / 1000, (timeout % 1000) * 1'000'000L};
  if (::ppoll(polled.data(), polled.size(), timeout < 0 ? nullptr : &limit, nullptr) <= 0) return;
  if (polled[1].revents != 0) {
    around_.wake_fds.clear_doorbell();
    log_drain_.on_doorbell(now_ms());
  }
  polled.erase(polled.begin(), polled.begin() + static_cast<std::ptrdiff_t>(others));
  read_controls(ids, polled);
}

int Supervisor::timeout_ms() const {
  const std::uint64_t now = now_ms();
  std::uint64_t wait = 60'000;
  const auto until = [&](std::uint64_t then) {
    wait = std::min(wait, then > now ? then - now : 0);
  };
  if (const auto next = plan_.next_ms()) until(*next);
  if (phase_ == Phase::draining || phase_ == Phase::stopping) until(deadline_ms_);
  if (!unpublished_.empty()) until(hand_over_ms_);
  for (const auto& [number, generation] : generations_) {
    if (phase_ != Phase::stopping && is_leaving(generation)) until(generation.deadline_ms);
  }
  for (const auto& [id, process] : processes_.entries()) {
    if (!process.ready && !process.given_up) until(process.born_ms + kReadyMs);
  }
  if (!processes_.empty()) until(watchdog_.next_ms());
  for (const int pause : {log_drain_.timeout_ms(), status_.timeout_ms()}) {
    if (pause >= 0) wait = std::min(wait, static_cast<std::uint64_t>(pause));
  }
  return static_cast<int>(wait);
}

void Supervisor::read_controls(const std::vector<WorkerId>& ids,
                               const std::vector<pollfd>& polled) {
  for (std::size_t i = 0; i < ids.size(); ++i) {
    Process* process = processes_.find(ids[i]);
    if (polled[i].revents != 0 && process != nullptr) read_control(ids[i], *process);
  }
}

void Supervisor::read_control(WorkerId id, Process& process) {
  char bytes[16];
  const ssize_t size = ::recv(process.control.get(), bytes, sizeof bytes, MSG_DONTWAIT);
  if (size == 0) process.control.reset();  // its end follows; wait(2) will tell
  if (size <= 0) return;
  const std::string_view said(bytes, static_cast<std::size_t>(size));
  const auto says = [said](worker::Report report) {
    return said.find(static_cast<char>(report)) != said.npos;
  };
  if (!process.ready && says(worker::Report::ready)) on_ready(id, process);
  if (says(worker::Report::stopped_accepting)) process.accepts = false;
}

void Supervisor::check_deadlines() {
  const std::uint64_t now = now_ms();
  if (phase_ == Phase::starting || phase_ == Phase::running) check_readiness(now);
  if (phase_ == Phase::running || phase_ == Phase::draining) check_grace(now);
  if (phase_ == Phase::draining && now >= deadline_ms_) {
    around_.log_queue.log(Severity::warning,
                          "not all requests were answered in time: stopping now");
    stop();
  } else if (phase_ == Phase::stopping && now >= deadline_ms_) {
    deadline_ms_ = now + kStopMs;
    for (const auto& [id, process] : processes_.entries()) {
      around_.log_queue.log(Severity::warning, name_of(id, process) + " does not stop: killed");
      send_signal(process.pid, SIGKILL);
    }
  }
}

void Supervisor::check_readiness(std::uint64_t now) {
  for (auto& [id, process] : processes_.entries()) {
    if (process.ready || process.given_up || now < process.born_ms + kReadyMs) continue;
    const std::string what =
        name_of(id, process) + " was not ready within " + std::to_string(kReadyMs / 1000) + " s";
    process.given_up = true;
    send_signal(process.pid, SIGKILL);
    if (generations_.at(id.generation).state == Generation::State::starting) {
      return fail_candidate({what});
    }
    around_.log_queue.log(Severity::error, what + " and is killed");
  }
}

// A worker cuts off by itself whom it still has when its Grace is over: who is late hangs.
void Supervisor::check_grace(std::uint64_t now) {
  for (auto& [number, generation] : generations_) {
    if (!is_leaving(generation) || now < generation.deadline_ms) continue;
    generation.deadline_ms = now + kStopMs;
    for (const auto& [id, process] : processes_.entries()) {
      if (id.generation != number) continue;
      around_.log_queue.log(Severity::warning, name_of(id, process) + " does not leave: killed");
      send_signal(process.pid, SIGKILL);
    }
  }
}

}  // namespace master
