// See backend_commands.h.
#include "master/control/backend_commands.h"

#include <algorithm>
#include <utility>

#include "master/clock.h"
#include "master/control/backend_names.h"
#include "master/control/service_switch.h"
#include "master/control/wait_option.h"

namespace master::control {
namespace {

using shm::AdminState;

constexpr std::size_t kMostWarnings = 10;

bool contains(const std::vector<std::size_t>& list, std::size_t backend) {
  return std::ranges::find(list, backend) != list.end();
}

std::vector<std::uint32_t> rows_of(const worker::Heritage& heritage,
                                   const std::vector<std::size_t>& backends) {
  std::vector<std::uint32_t> rows;
  for (const std::size_t i : backends) rows.push_back(heritage.backends[i].row);
  return rows;
}

}  // namespace

void BackendCommands::add_to(Commands& commands) {
  const auto add = [&](std::string_view name, std::string_view arguments, std::string_view help,
                       AdminState wanted) {
    commands.add({.name = name,
                  .arguments = arguments,
                  .help = help,
                  .is_change = true,
                  .run = [this, wanted](Call call) { run(std::move(call), wanted); }});
  };
  add("drain", "BACKEND [--wait [SECONDS]]", "no new clients; those with a session stay",
      AdminState::drained);
  add("disable", "NAME [--wait [SECONDS]]",
      "a backend: no clients, sessions go elsewhere; a service: 503", AdminState::disabled);
  add("enable", "NAME", "it serves again", AdminState::enabled);
}

void BackendCommands::run(Call call, AdminState wanted) {
  const WaitOption wait = take_wait(call.arguments);
  if (wait.is_asked && wanted == AdminState::enabled)
    throw Misused("`enable` has nothing to wait for");
  if (call.arguments.empty()) {
    throw Misused(wanted == AdminState::drained ? "which backend?" : "which backend or service?");
  }
  if (call.arguments.size() > 1) {
    throw Misused("unexpected argument `" + call.arguments[1] + "`");
  }
  const worker::Heritage& heritage = active_();
  if (const auto service = find_if_service(heritage, call.arguments.front())) {
    if (wait.is_asked && wanted == AdminState::disabled) {
      throw Misused("`--wait` is for backends, not for services");
    }
    call.reply.answer(
        switch_service(heritage, *service, wanted, call.peer.uid, segment_, log_queue_));
    return;
  }
  const std::vector<std::size_t> backends = find_backends(*heritage.config, call.arguments.front());
  const bool is_new = set(heritage, backends, wanted, call.peer.uid);
  const std::string title = title_of(heritage.config->backends[backends.front()]);
  const std::vector<std::uint32_t> rows = rows_of(heritage, backends);
  std::string lines;
  if (wanted != AdminState::enabled) lines = warnings(heritage, backends.front());
  if (wait.is_asked) {
    waiters_.add({rows, wanted, title, std::move(lines), wait.patience_s, std::move(call.reply)},
                 now_ms());
    return;
  }
  call.reply.answer("backend " + title + (is_new ? " is " : " was already ") +
                    std::string(to_text(wanted)) + "; " + text_of(in_flight(segment_, rows)) +
                    "\n" + lines);
}

bool BackendCommands::set(const worker::Heritage& heritage,
                          const std::vector<std::size_t>& backends, AdminState wanted, uid_t uid) {
  bool any = false;
  for (const std::size_t i : backends) {
    shm::AdminStates& admin = segment_.backends().admin();
    const std::uint32_t row = heritage.backends[i].row;
    const AdminState before = admin.state(row);
    if (!admin.set(row, wanted, uid, now_ms())) continue;
    any = true;
    log_queue_.log(worker::log::Severity::notice,
                   "backend " + title_of(heritage.config->backends[i]) + " is " +
                       std::string(to_text(wanted)) + " by uid " + std::to_string(uid) +
                       "; it was " + std::string(to_text(before)));
  }
  return any;
}

bool BackendCommands::takes_new_clients(const worker::Heritage& heritage,
                                        const std::vector<std::size_t>& backends) const {
  return std::ranges::any_of(backends, [&](std::size_t i) {
    return segment_.backends().admin().state(heritage.backends[i].row) == AdminState::enabled;
  });
}

// One line for each service that has no backend for new clients any more.
std::string BackendCommands::warnings(const worker::Heritage& heritage, std::size_t backend) const {
  std::string lines;
  std::size_t count = 0;
  for (std::size_t i = 0; i < heritage.listeners.size(); ++i) {
    const std::vector<conf::Service>& services = heritage.config->listeners[i].services;
    for (std::size_t k = 0; k < services.size(); ++k) {
      const conf::Service& service = services[k];
      if (!contains(service.backends, backend) && !contains(service.emergency, backend)) continue;
      if (takes_new_clients(heritage, service.backends) || ++count > kMostWarnings) continue;
      lines += "warning: no backend of service " +
               worker::route::service_name(heritage.listeners[i].name, k) +
               " takes new clients: they get " +
               (takes_new_clients(heritage, service.emergency) ? "those of Emergency\n" : "503\n");
    }
  }
  if (count > kMostWarnings) {
    lines +=
        "warning: the same holds for " + std::to_string(count - kMostWarnings) + " more services\n";
  }
  return lines;
}

}  // namespace master::control
