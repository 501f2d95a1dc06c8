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
#include "master/status.h"

namespace master {
namespace {

using worker::Severity;

constexpr char kReadyByte = 'R';
constexpr char kDrainByte = 'D';

std::string listening_text(const Generation& generation) {
  std::string text;
  for (std::size_t i = 0; i < generation.sockets.size(); ++i) {
    text += text.empty() ? "" : ", ";
    text += worker::host_port_text(generation.heritage.listeners[i].address);
  }
  return text;
}

}  // namespace

Supervisor::Supervisor(const Surroundings& surroundings, Generation generation)
    : around_(surroundings),
      generation_(std::move(generation)),
      segment_(*generation_.heritage.segment),
      log_drain_(segment_, around_.journal),
      tickets_(segment_.ticket_keys(), now_ms()) {}

// Reached with processes left only when something threw: nobody is left over even then.
Supervisor::~Supervisor() {
  for (const auto& [place, process] : processes_.entries()) {
    send_signal(process.pid, SIGKILL);
    ::waitpid(process.pid, nullptr, 0);
  }
}

int Supervisor::run() {
  start();
  while (phase_ == Phase::starting || phase_ == Phase::running || !processes_.empty()) turn();
  around_.journal.say(Severity::notice, "stopped");
  around_.journal.flush();
  return exit_status_;
}

// --- births --------------------------------------------------------------------------------------

void Supervisor::start() {
  try {
    for (shm::Slot slot = 0; slot < generation_.heritage.workers; ++slot) spawn(slot);
  } catch (const StartError& error) {
    fail_start(error.what());
  }
}

void Supervisor::spawn(shm::Slot slot) {
  const Place place{generation_.number, slot};
  processes_.add(place, spawn_worker(generation_, slot, around_.detached));
  log_drain_.opened(processes_.find(place)->row, now_ms());
}

void Supervisor::respawn_due() {
  for (const Place place : plan_.take_due(now_ms())) {
    try {
      spawn(place.slot);
    } catch (const StartError& error) {
      around_.journal.say(Severity::error, "worker " + std::to_string(place.slot) +
                                               " cannot be started again: " + error.what());
      plan_.retry(place, now_ms());
    }
  }
}

void Supervisor::on_ready(Place place, Process& process) {
  process.ready = true;
  segment_.workers().set_state(process.row, shm::WorkerState::ready);
  around_.journal.say(Severity::debug, name_of(place, process) + " is ready");
  if (phase_ != Phase::starting || !processes_.all_ready()) return;
  around_.journal.started();
  if (!around_.verdict.ready()) {
    fail_start("the command that started us was interrupted");
    return;
  }
  phase_ = Phase::running;
  around_.journal.say(Severity::notice, "ready: listening on " + listening_text(generation_));
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
        around_.journal.say(Severity::notice, "stopping now");
        stop();
      }
      break;
    case SIGHUP:
      around_.journal.say(Severity::warning,
                          "reload is not supported by this version; "
                          "restart to apply a new configuration");
      break;
    case SIGUSR1:
      report_status();
      break;
    default:
      break;
  }
}

void Supervisor::drain() {
  const auto grace = generation_.heritage.config->global.grace;
  around_.journal.say(Severity::notice, "stopping when all requests are answered, within " +
                                            std::to_string(grace.count()) + " s");
  phase_ = Phase::draining;
  deadline_ms_ = now_ms() + static_cast<std::uint64_t>(grace.count()) * 1000 + kGraceExtraMs;
  plan_.clear();
  for (const auto& [place, process] : processes_.entries()) {
    segment_.workers().set_state(process.row, shm::WorkerState::draining);
    // One that has closed its end is on its way out without being told.
    ::send(process.control.get(), &kDrainByte, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
  }
}

void Supervisor::stop() {
  phase_ = Phase::stopping;
  deadline_ms_ = now_ms() + kStopMs;
  plan_.clear();
  for (const auto& [place, process] : processes_.entries()) send_signal(process.pid, SIGTERM);
}

void Supervisor::fail_start(const std::string& reason) {
  exit_status_ = 1;
  around_.journal.say(Severity::error, reason);
  stop();
}

void Supervisor::report_status() {
  for (const std::string& line : status_lines(generation_, processes_, now_ms())) {
    around_.journal.say(Severity::notice, line);
  }
}

// --- the loop ------------------------------------------------------------------------------------

void Supervisor::turn() {
  wait();
  while (const std::optional<int> number = around_.signals.next()) on_signal(*number);
  check_deadlines();
  respawn_due();
  tickets_.turn(now_ms());
  log_drain_.turn(now_ms());
}

void Supervisor::wait() {
  std::vector<Place> places;
  std::vector<pollfd> polled{{around_.signals.fd(), POLLIN, 0},
                             {around_.bells.doorbell(), POLLIN, 0},
                             {log_drain_.waits_for(), POLLOUT, 0}};
  const std::size_t others = polled.size();
  for (const auto& [place, process] : processes_.entries()) {
    if (!process.control) continue;
    places.push_back(place);
    polled.push_back({process.control.get(), POLLIN, 0});
  }
  const int timeout = timeout_ms();
  const timespec limit{timeout / 1000, (timeout % 1000) * 1'000'000L};
  if (::ppoll(polled.data(), polled.size(), timeout < 0 ? nullptr : &limit, nullptr) <= 0) return;
  if (polled[1].revents != 0) {
    around_.bells.silence_doorbell();
    log_drain_.doorbell_rang(now_ms());
  }
  polled.erase(polled.begin(), polled.begin() + static_cast<std::ptrdiff_t>(others));
  read_controls(places, polled);
}

int Supervisor::timeout_ms() const {
  const std::uint64_t now = now_ms();
  std::uint64_t wait = 60'000;
  const auto until = [&](std::uint64_t then) {
    wait = std::min(wait, then > now ? then - now : 0);
  };
  if (const auto next = plan_.next_ms()) until(*next);
  if (phase_ == Phase::draining || phase_ == Phase::stopping) until(deadline_ms_);
  for (const auto& [place, process] : processes_.entries()) {
    if (!process.ready && !process.given_up) until(process.born_ms + kReadyMs);
  }
  if (const int pause = log_drain_.timeout_ms(); pause >= 0) {
    wait = std::min(wait, static_cast<std::uint64_t>(pause));
  }
  return static_cast<int>(wait);
}

void Supervisor::read_controls(const std::vector<Place>& places,
                               const std::vector<pollfd>& polled) {
  for (std::size_t i = 0; i < places.size(); ++i) {
    Process* process = processes_.find(places[i]);
    if (polled[i].revents != 0 && process != nullptr) read_control(places[i], *process);
  }
}

void Supervisor::read_control(Place place, Process& process) {
  char bytes[16];
  const ssize_t size = ::recv(process.control.get(), bytes, sizeof bytes, MSG_DONTWAIT);
  if (size == 0) process.control.reset();  // its end follows; wait(2) will tell
  if (size <= 0) return;
  const std::string_view said(bytes, static_cast<std::size_t>(size));
  if (!process.ready && said.find(kReadyByte) != said.npos) on_ready(place, process);
}

void Supervisor::check_deadlines() {
  const std::uint64_t now = now_ms();
  for (auto& [place, process] : processes_.entries()) {
    if (phase_ != Phase::starting && phase_ != Phase::running) break;
    if (process.ready || process.given_up || now < process.born_ms + kReadyMs) continue;
    process.given_up = true;
    const std::string what =
        name_of(place, process) + " was not ready within " + std::to_string(kReadyMs / 1000) + " s";
    send_signal(process.pid, SIGKILL);
    if (phase_ == Phase::starting) return fail_start(what);
    around_.journal.say(Severity::error, what + " and is killed");
  }
  if (phase_ == Phase::draining && now >= deadline_ms_) {
    around_.journal.say(Severity::warning, "not all requests were answered in time: stopping now");
    stop();
  } else if (phase_ == Phase::stopping && now >= deadline_ms_) {
    deadline_ms_ = now + kStopMs;
    for (const auto& [place, process] : processes_.entries()) {
      around_.journal.say(Severity::warning, name_of(place, process) + " does not stop: killed");
      send_signal(process.pid, SIGKILL);
    }
  }
}

}  // namespace master
