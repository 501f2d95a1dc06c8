// From the fork of a worker to its first client. The rest of Supervisor: see supervisor.h.
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "master/spawn.h"
#include "master/start_error.h"
#include "master/supervisor.h"

namespace master {
namespace {

// A line has room for so many addresses.
constexpr std::size_t kListedAddresses = 8;

std::string listening_text(const Generation& generation) {
  if (generation.sockets.size() > kListedAddresses) {
    return std::to_string(generation.sockets.size()) + " addresses";
  }
  std::string text;
  for (const ListeningSockets& sockets : generation.sockets) {
    text += text.empty() ? "" : ", ";
    text += worker::net::host_port_text(sockets.address);
  }
  return text;
}

}  // namespace

// A worker that shares the sockets may have been an attacker's.
void Supervisor::restore_sockets() {
  if (phase_ != Phase::running) return;
  standby_pause_.lift();
  for (const ListeningSockets& sockets : generations_.active().sockets) {
    const std::string found = sockets.restore(true);
    if (!found.empty()) log(Severity::warning, found);
  }
}

void Supervisor::spawn_all(const Generation& generation) {
  restore_sockets();
  helpers_.start(generation, now_ms());
  for (shm::Slot slot = 0; slot < generation.heritage.workers; ++slot) spawn(generation, slot);
}

void Supervisor::spawn(const Generation& generation, shm::Slot slot) {
  const WorkerId id{generation.number, slot};
  Process born = spawn_worker(generation, slot);
  const pid_t pid = born.pid;
  const shm::Row row = born.row;
  try {
    born.watch = poller_.watch([fd = born.control.get()] { return fd; }, POLLIN,
                               [this, id](std::uint64_t) { read_control(id); });
    processes_.add(id, std::move(born));
  } catch (const std::exception&) {  // a process outside the table would never be reaped
    send_signal(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    segment_.release_row(row);
    throw;
  }
  log_drain_.on_spawn(row, pid, now_ms());
}

void Supervisor::respawn(std::uint64_t now_ms) {
  const std::vector<WorkerId> due = plan_.take_due(now_ms);
  if (!due.empty()) restore_sockets();
  for (const WorkerId id : due) {
    try {
      spawn(generations_.at(id.generation), id.slot);
    } catch (const StartError& error) {
      log(Severity::error,
          "worker " + std::to_string(id.slot) + " cannot be started again: " + error.what());
      plan_.retry(id, now_ms);
    }
  }
}

void Supervisor::read_control(WorkerId id) {
  Process* const process = processes_.find(id);
  if (process == nullptr) return;
  char bytes[16];
  const ssize_t size = ::recv(process->control.get(), bytes, sizeof bytes, MSG_DONTWAIT);
  if (size == 0) {
    process->watch.reset();
    process->control.reset();
  }
  if (size <= 0) return;
  const std::string_view said(bytes, static_cast<std::size_t>(size));
  const auto says = [said](worker::Report report) {
    return said.find(static_cast<char>(report)) != said.npos;
  };
  using State = Process::State;
  if (process->state == State::starting && says(worker::Report::ready)) on_ready(id, *process);
  if (process->state == State::accepting && says(worker::Report::stopped_accepting)) {
    process->state = State::done;
  }
}

void Supervisor::on_ready(WorkerId id, Process& process) {
  process.state = Process::State::ready;
  segment_.workers().set_state(process.row, shm::WorkerState::ready);
  log(Severity::debug, name_of(id, process) + " is ready");
  Generation& generation = generations_.at(id.generation);
  if (generation.state == Generation::State::active) {
    let_accept(process);
  } else if (generation.state == Generation::State::starting && is_starting_or_running() &&
             processes_.count_ready(id.generation) == generation.heritage.workers) {
    activate(generation);
  }
}

void Supervisor::let_accept(Process& process) {
  process.state = Process::State::accepting;
  give_order(process, worker::Order::go);
}

void Supervisor::on_first_active() {
  const bool told = env_.startup_pipe.report_ready();
  env_.log_queue.end_startup();
  if (!told) {
    fail_start("the command that started us was interrupted");
    return;
  }
  phase_ = Phase::running;
  const Generation& active = generations_.active();
  log(Severity::notice, "ready: listening on " + listening_text(active));
  for (const ListeningSockets& sockets : active.sockets) {
    log(Severity::debug, "listening on " + worker::net::host_port_text(sockets.address));
  }
}

std::uint64_t Supervisor::readiness_due_ms() const {
  std::uint64_t due_ms = kNever;
  if (!is_starting_or_running()) return due_ms;
  for (const auto& [id, process] : processes_.entries()) {
    if (process.state != Process::State::starting) continue;
    due_ms = std::min(due_ms, process.born_ms + kReadyMs);
  }
  return due_ms;
}

void Supervisor::check_readiness(std::uint64_t now_ms) {
  for (auto& [id, process] : processes_.entries()) {
    if (process.state != Process::State::starting) continue;
    if (now_ms < process.born_ms + kReadyMs) continue;
    const std::string what =
        name_of(id, process) + " was not ready within " + std::to_string(kReadyMs / 1000) + " s";
    process.state = Process::State::given_up;
    send_signal(process.pid, SIGKILL);
    if (generations_.at(id.generation).state == Generation::State::starting) {
      return fail_candidate({what});
    }
    log(Severity::error, what + " and is killed");
  }
}

void Supervisor::fail_start(const std::string& reason) {
  exit_status_ = 1;
  log(Severity::error, reason);
  stop();
}

}  // namespace master
