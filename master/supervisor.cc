// The event loop of the supervisor: its sources, signals, and recovery after an exception.
#include "master/supervisor.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include <cstring>
#include <optional>
#include <utility>

#include "master/start_error.h"

namespace master {
namespace {

constexpr int kPauseAfterTroubleMs = 100;
constexpr std::uint64_t kLogTroubleMs = 1000;  // at most one log entry in this time

}  // namespace

Supervisor::Supervisor(Environment environment, Generation first)
    : env_(std::move(environment)),
      generations_(std::move(first)),
      segment_(*generations_.active().heritage.segment),
      log_drain_(segment_, env_.log_queue),
      helpers_(env_.log_queue),
      names_(env_.log_queue),
      certificates_(env_.log_queue),
      tickets_(segment_.ticket_keys(), now_ms()),
      segment_check_(segment_, env_.log_queue),
      status_(segment_, env_.log_queue, generations_.active().heritage.started_ms),
      watchdog_(segment_, env_.log_queue),
      commands_(env_.log_queue),
      backend_commands_(
          segment_, env_.log_queue,
          [this]() -> const worker::Heritage& { return generations_.active().heritage; }),
      session_commands_(
          segment_, env_.log_queue,
          [this]() -> const worker::Heritage& { return generations_.active().heritage; }),
      standby_commands_(segment_, env_.log_queue),
      standby_pause_(segment_.standby(),
                     [this]() -> const std::vector<ListeningSockets>& {
                       return generations_.active().sockets;
                     }),
      control_(
          poller_, commands_, [this] { return control_fd(); },
          [this](const control::Peer& peer) { return is_worker(peer.pid); }) {
  add_sources();
  add_commands();
}

// Processes are left here only after an exception. None of them may outlive the master.
Supervisor::~Supervisor() {
  for (const auto& [id, process] : processes_.entries()) {
    send_signal(process.pid, SIGKILL);
    ::waitpid(process.pid, nullptr, 0);
  }
}

int Supervisor::run() {
  try {
    spawn_all(generations_.active());
  } catch (const StartError& error) {
    fail_start(error.what());
  }
  while (is_starting_or_running() || !processes_.empty()) {
    try {
      poller_.run_once();
    } catch (const std::exception& error) {
      survive(error.what());
    }
  }
  helpers_.stop();
  log(Severity::notice, "stopped");
  env_.log_queue.finish();
  return exit_status_;
}

// --- sources -------------------------------------------------------------------------------------

// Within one pass of the loop the order is that of this list, with the control sockets (spawn())
// after the other descriptors. The log comes last, so that it also sends what the others logged.
void Supervisor::add_sources() {
  add_watch(env_.signals.fd(), POLLIN, &Supervisor::on_signals);
  add_watch(env_.wake_fds.doorbell(), POLLIN, &Supervisor::on_doorbell);
  sources_.push_back(poller_.watch([this] { return env_.log_queue.writable_fd(); }, POLLOUT,
                                   [this](std::uint64_t now) { on_log_writable(now); }));
  sources_.push_back(
      poller_.watch([this] { return reload_.preparation ? reload_.preparation->fd() : -1; }, POLLIN,
                    [this](std::uint64_t now) { prepare(now); }));
  sources_.push_back(poller_.watch([this] { return names_.fd(); }, POLLIN,
                                   [this](std::uint64_t now) { refresh_names(now); }));
  add_task(&Supervisor::reaping_due_ms, &Supervisor::reap);
  add_task(&Supervisor::recovery_due_ms, &Supervisor::recover);
  add_task(&Supervisor::readiness_due_ms, &Supervisor::check_readiness);
  add_task(&Supervisor::leaving_due_ms, &Supervisor::kill_late_leavers);
  add_task(&Supervisor::stop_due_ms, &Supervisor::on_stop_deadline);
  add_task(&Supervisor::segment_check_due_ms, &Supervisor::check_segment);
  add_task(&Supervisor::respawn_due_ms, &Supervisor::respawn);
  add_task(&Supervisor::hand_over_due_ms, &Supervisor::finish_hand_over);
  add_task(&Supervisor::reload_due_ms, &Supervisor::reload);
  add_task(&Supervisor::prepare_due_ms, &Supervisor::prepare);
  add_task(&Supervisor::disposal_due_ms, &Supervisor::dispose);
  add_task(&Supervisor::helpers_due_ms, &Supervisor::start_helpers);
  add_task(&Supervisor::names_due_ms, &Supervisor::refresh_names);
  add_task(&Supervisor::certificates_due_ms, &Supervisor::watch_certificates);
  add_task(&Supervisor::tickets_due_ms, &Supervisor::rotate_tickets);
  add_task(&Supervisor::watchdog_due_ms, &Supervisor::run_watchdog);
  add_task(&Supervisor::status_due_ms, &Supervisor::send_status);
  add_task(&Supervisor::log_due_ms, &Supervisor::drain_log);
}

void Supervisor::add_watch(int fd, short events, void (Supervisor::*on_event)(std::uint64_t)) {
  sources_.push_back(
      poller_.watch([fd] { return fd; }, events,
                    [this, on_event](std::uint64_t now) { (this->*on_event)(now); }));
}

void Supervisor::add_task(std::uint64_t (Supervisor::*due_ms)() const,
                          void (Supervisor::*do_task)(std::uint64_t)) {
  sources_.push_back(
      poller_.add_task([this, due_ms] { return (this->*due_ms)(); },
                       [this, do_task](std::uint64_t now) { (this->*do_task)(now); }));
}

void Supervisor::on_doorbell(std::uint64_t now_ms) {
  env_.wake_fds.clear_doorbell();
  log_drain_.on_doorbell(now_ms);
}

// A status report goes out before the workers' records.
void Supervisor::on_log_writable(std::uint64_t now_ms) {
  send_status(now_ms);
  drain_log(now_ms);
}

std::uint64_t Supervisor::watchdog_due_ms() const {
  return processes_.empty() ? kNever : watchdog_.due_ms();
}

void Supervisor::run_watchdog(std::uint64_t now_ms) {
  watchdog_.turn(processes_, generations_.all(), now_ms);
}

void Supervisor::send_status(std::uint64_t now_ms) { status_.turn(generations_.all(), now_ms); }

// --- signals -------------------------------------------------------------------------------------

void Supervisor::on_signals(std::uint64_t) {
  while (const std::optional<int> number = env_.signals.next()) on_signal(*number);
}

void Supervisor::on_signal(int number) {
  switch (number) {
    case SIGCHLD:
      has_dead_children_ = true;
      break;
    case SIGTERM:
    case SIGINT:
    case SIGQUIT:
      if (phase_ == Phase::starting) {
        fail_start(std::string("stopped by SIG") + ::sigabbrev_np(number) + " before it was ready");
      } else if (phase_ == Phase::running && number != SIGTERM) {
        drain();
      } else if (phase_ != Phase::stopping) {
        log(Severity::notice, "stopping now");
        stop();
      }
      break;
    case SIGHUP:
      request_reload();
      break;
    case SIGUSR1:
      status_.ask();
      break;
    default:
      break;
  }
}

// --- after an exception --------------------------------------------------------------------------

// Memory is short, or the master has a bug. That must not end a program that serves clients.
void Supervisor::survive(const char* what) {
  if (phase_ == Phase::starting) return fail_start(what);
  needs_recovery_ = true;
  // If the cause lasts, the loop must not use up a processor, nor fill the log.
  ::poll(nullptr, 0, kPauseAfterTroubleMs);
  if (now_ms() - trouble_logged_ms_ < kLogTroubleMs) return;
  trouble_logged_ms_ = now_ms();
  log(Severity::error, "the master's event loop was interrupted by an error and continues:");
  log(Severity::error, what);
}

// Repairs what the interrupted pass may have left out for good: a successor that was not planned,
// and a candidate that was not activated although its last worker is ready.
void Supervisor::recover(std::uint64_t now_ms) {
  const Generation& active = generations_.active();
  for (shm::Slot slot = 0; phase_ == Phase::running && slot < active.heritage.workers; ++slot) {
    const WorkerId id{active.number, slot};
    if (processes_.find(id) == nullptr && !plan_.holds(id)) plan_.retry(id, now_ms);
  }
  Generation* const next = generations_.candidate();
  if (next != nullptr && phase_ == Phase::running) {
    const bool is_ready = processes_.count_ready(next->number) == next->heritage.workers;
    if (is_ready) activate(*next);
    if (!is_ready) fail_candidate({"an error, logged above, interrupted its start"});
  }
  needs_recovery_ = false;
}

}  // namespace master
