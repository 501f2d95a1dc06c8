// See standby_commands.h.
#include "master/control/standby_commands.h"

#include <string>
#include <utility>

#include "master/control/wait_option.h"

namespace master::control {
namespace {

// Of all workers, those of former generations included.
std::uint64_t clients_of(const shm::WorkerTable& workers) {
  std::uint64_t count = 0;
  for (shm::Row row = 0; row < workers.rows_in_use(); ++row) {
    const shm::WorkerInfo info = workers.info(row);
    if (info.state != shm::WorkerState::free) count += info.clients;
  }
  return count;
}

std::string left_text(std::uint64_t clients) {
  if (clients == 0) return "no client is left";
  return std::to_string(clients) + (clients == 1 ? " client is left" : " clients are left");
}

}  // namespace

void StandbyCommands::add_to(Commands& commands) {
  commands.add({.name = "standby",
                .arguments = "[--wait [SECONDS]]",
                .help = "give the clients to another machine: end connections, be unhealthy",
                .is_change = true,
                .run = [this](Call call) { begin(std::move(call)); }});
  commands.add({.name = "resume",
                .arguments = "",
                .help = "take clients again, after `standby`",
                .is_change = true,
                .run = [this](const Call& call) { end(call); }});
}

void StandbyCommands::begin(Call call) {
  const WaitOption wait = take_wait(call.arguments);
  expect_no_arguments(call);
  const std::uint64_t now = now_ms();
  const bool is_new = segment_.standby().begin(call.peer.uid, now);
  if (is_new) {
    log_queue_.log(worker::log::Severity::notice, "on standby by uid " +
                                                      std::to_string(call.peer.uid) + "; " +
                                                      left_text(clients_of(segment_.workers())));
  }
  if (!wait.is_asked) {
    call.reply.answer((is_new ? "on standby; " : "was on standby already; ") +
                      left_text(clients_of(segment_.workers())) + "\n");
    return;
  }
  if (waiting_.empty()) due_ms_ = now;
  waiting_.push_back({std::move(call.reply), now, wait.patience_s.value_or(kStandbyPatience)});
}

void StandbyCommands::end(const Call& call) {
  expect_no_arguments(call);
  const bool is_new = segment_.standby().end();
  if (is_new) {
    log_queue_.log(worker::log::Severity::notice,
                   "serving again by uid " + std::to_string(call.peer.uid) + "; it was on standby");
  }
  call.reply.answer(is_new ? "serving again\n" : "was not on standby\n");
}

void StandbyCommands::turn(std::uint64_t now_ms) {
  std::erase_if(waiting_, [&](const Waiting& one) {
    return !one.reply.is_awaited() || is_answered(one, now_ms);
  });
  due_ms_ = now_ms + kStandbyLookMs;
}

bool StandbyCommands::is_answered(const Waiting& waiting, std::uint64_t now_ms) const {
  const std::uint64_t since_ms = segment_.standby().since_ms();
  if (since_ms == 0) {
    waiting.reply.refuse("serving again: somebody has resumed it meanwhile");
    return true;
  }
  const std::uint64_t clients = clients_of(segment_.workers());
  if (clients == 0 && now_ms >= since_ms + kTakeOverMs) {
    waiting.reply.answer("on standby; " + left_text(clients) + "\n");
    return true;
  }
  if (now_ms < waiting.began_ms + waiting.patience_s * 1000) return false;
  waiting.reply.refuse("on standby, but after " + std::to_string(waiting.patience_s) + " s " +
                       left_text(clients));
  return true;
}

}  // namespace master::control
