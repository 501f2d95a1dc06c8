// How a generation leaves: drained, abandoned, forgotten. The rest of Supervisor: see supervisor.h.
#include <signal.h>

#include <optional>
#include <utility>

#include "master/supervisor.h"

namespace master {

void Supervisor::drain_generation(Generation& generation) {
  const auto grace =
      static_cast<std::uint64_t>(generation.heritage.config->global.grace.count()) * 1000;
  generation.state = Generation::State::draining;
  generation.deadline_ms = now_ms() + grace + kGraceExtraMs;
  // The workers accept the clients that wait at these sockets, then close them, too.
  generation.sockets.clear();
  plan_.clear();
  for (const auto& [id, process] : processes_.entries()) {
    if (id.generation != generation.number) continue;
    segment_.workers().set_state(process.row, shm::WorkerState::draining);
    give_order(process, worker::Order::drain);
  }
  forget_if_gone(generation.number);
}

void Supervisor::abandon(Generation& generation) {
  generation.state = Generation::State::abandoned;
  generation.sockets.clear();
  generation.control_socket.reset();
  for (const auto& [id, process] : processes_.entries()) {
    if (id.generation == generation.number) send_signal(process.pid, SIGKILL);
  }
  forget_if_gone(generation.number);
}

void Supervisor::forget_if_gone(shm::Generation number) {
  if (processes_.count_of(number) != 0) return;
  if (std::optional<Generation> gone = generations_.forget(number)) {
    helpers_.end(number);
    disposal_.add(std::move(gone->heritage));
    retire_rows();
  }
}

std::uint64_t Supervisor::leaving_due_ms() const {
  const bool applies = phase_ == Phase::running || phase_ == Phase::draining;
  return applies ? generations_.leaving_due_ms() : kNever;
}

// A worker ends by itself when its Grace is over. One that is still there after that hangs.
void Supervisor::kill_late_leavers(std::uint64_t now_ms) {
  for (Generation* const generation : generations_.leaving()) {
    if (now_ms < generation->deadline_ms) continue;
    generation->deadline_ms = now_ms + kStopMs;
    for (const auto& [id, process] : processes_.entries()) {
      if (id.generation != generation->number) continue;
      log(Severity::warning, name_of(id, process) + " did not end after its Grace and is killed");
      send_signal(process.pid, SIGKILL);
    }
  }
}

void Supervisor::retire_rows() { retire_unused(segment_, generations_.all()); }

}  // namespace master
