// The commands of the control socket that show or change what the supervisor owns. The rest of
// Supervisor: see supervisor.h.
#include <signal.h>

#include <algorithm>
#include <string>
#include <utility>

#include "master/control/status_commands.h"
#include "master/control/times_command.h"
#include "master/options.h"
#include "master/supervisor.h"

namespace master {

int Supervisor::control_fd() const {
  const auto& control = generations_.active().control_socket;
  return control && phase_ != Phase::starting ? control->all.front()->get() : -1;
}

bool Supervisor::is_worker(pid_t pid) const {
  const auto& all = processes_.entries();
  return std::any_of(all.begin(), all.end(),
                     [pid](const auto& entry) { return entry.second.pid == pid; });
}

void Supervisor::add_commands() {
  control::add_status_commands(commands_, [this] {
    return take_status(segment_, generations_.all(), status_.started_ms(), now_ms());
  });
  control::add_health_command(commands_, segment_, [this] { return serving(); });
  control::add_times_command(commands_, segment_, generations_);
  commands_.add({.name = "level",
                 .arguments = "[N]",
                 .help = "show or set the detail of the log, 0 to 9, until the daemon ends",
                 .is_change = true,
                 .run = [this](const control::Call& call) { set_level_and_answer(call); }});
  commands_.add({.name = "reload",
                 .arguments = "",
                 .help = "read the configuration again; wait for the outcome",
                 .is_change = true,
                 .run = [this](const control::Call& call) { reload_and_answer(call); }});
  commands_.add({.name = "stop",
                 .arguments = "[--now]",
                 .help = "stop when all requests are answered, within Grace, or at once",
                 .is_change = true,
                 .run = [this](control::Call call) { stop_and_answer(std::move(call)); }});
  session_commands_.add_to(commands_);
  backend_commands_.add_to(commands_);
  sources_.push_back(poller_.add_task([this] { return backend_commands_.due_ms(); },
                                      [this](std::uint64_t now) { backend_commands_.turn(now); }));
  standby_commands_.add_to(commands_);
  sources_.push_back(poller_.add_task([this] { return standby_commands_.due_ms(); },
                                      [this](std::uint64_t now) { standby_commands_.turn(now); }));
  sources_.push_back(poller_.add_task([this] { return standby_pause_.due_ms(); },
                                      [this](std::uint64_t now) { standby_pause_.turn(now); }));
}

control::Serving Supervisor::serving() const {
  const Generation& active = generations_.active();
  if (phase_ != Phase::running) return {&active.heritage, "pound is stopping"};
  const std::uint64_t standby_ms = segment_.standby().since_ms();
  if (standby_ms != 0 && now_ms() >= standby_ms + control::kUnhealthyAfterMs) {
    return {&active.heritage, "on standby"};
  }
  const auto& all = processes_.entries();
  const bool any_accepts = std::any_of(all.begin(), all.end(), [&](const auto& entry) {
    return entry.first.generation == active.number &&
           entry.second.state == Process::State::accepting;
  });
  return {&active.heritage, any_accepts ? "" : "no worker takes clients"};
}

void Supervisor::set_level_and_answer(const control::Call& call) {
  if (call.arguments.size() > 1) throw control::Misused("there are too many arguments");
  if (!call.arguments.empty()) {
    const std::string& word = call.arguments.front();
    const int level = word.size() == 1 ? word[0] - '0' : -1;
    if (level < 0 || level > kMaxDetail) {
      throw control::Misused("N is a number from 0 to " + std::to_string(kMaxDetail));
    }
    segment_.log_detail() = static_cast<std::uint32_t>(level);
    env_.log_queue.set_detail(level);
  }
  call.reply.answer("level " + std::to_string(segment_.log_detail()) + "\n");
}

void Supervisor::reload_and_answer(const control::Call& call) {
  control::expect_no_arguments(call);
  reload_waiters_.add(call.reply);
  request_reload();
}

void Supervisor::stop_and_answer(control::Call call) {
  const bool now = control::take_option(call, "--now");
  control::expect_no_arguments(call);
  if (phase_ == Phase::stopping || (phase_ == Phase::draining && !now)) {
    throw control::Refused("pound is stopping already");
  }
  on_signal(now ? SIGTERM : SIGQUIT);
  const auto grace = generations_.active().heritage.config->global.grace;
  call.reply.answer(now ? "stopping now\n"
                        : "stopping when all requests are answered, within " +
                              std::to_string(grace.count()) + " s\n");
}

}  // namespace master
