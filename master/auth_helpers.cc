// See auth_helpers.h.
#include "master/auth_helpers.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <set>
#include <string>
#include <system_error>

#include "master/descriptors.h"
#include "master/exit_status.h"
#include "master/isolation.h"
#include "master/privileges.h"
#include "master/signals.h"
#include "master/start_error.h"
#include "worker/auth/helper.h"
#include "worker/log/log.h"

namespace master {
namespace {

using Severity = worker::log::Severity;

// As `ps` shows it, so that nobody takes it for a worker.
constexpr char kName[] = "pound-auth";

worker::auth::HelperTask task_of(const Generation& generation) {
  worker::auth::HelperTask task;
  task.files = generation.heritage.auth.files;
  for (const worker::auth::Channel& channel : generation.auth_channels) {
    task.channels.push_back(channel.helper_end.get());
  }
  task.secret = generation.heritage.session_secret;
  task.memory = &generation.heritage.segment->auth();
  return task;
}

// Drops what the helper does not need. Returns what failed, or an empty text.
std::string confine(const Generation& generation, const worker::auth::HelperTask& task) {
  generation.heritage.segment->confine(shm::kHelperRow);
  std::set<int> kept{STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO};
  kept.insert(task.channels.begin(), task.channels.end());
  for (const worker::auth::UsersFile& file : task.files) kept.insert(file.copy->get());
  close_all_but(kept);
  Signals::reset_in_worker();
  leave_terminal();
  const worker::Heritage& heritage = generation.heritage;
  std::string error =
      drop_privileges({heritage.config->global.root_jail, heritage.uid, heritage.gid});
  if (error.empty()) error = forbid_files_and_processes();
  return error;
}

// `master` is the process that has forked this one. A failure has no way to the log but the exit
// status: a helper has no log ring.
[[noreturn]] void become_helper(const Generation& generation, pid_t master) noexcept {
  try {
    ::prctl(PR_SET_NAME, kName);
    const worker::auth::HelperTask task = task_of(generation);
    if (!confine(generation, task).empty()) ::_exit(kStatusNoPrivileges);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // after the drop, which clears it
    if (::getppid() != master) ::_exit(kStatusBroken);
    worker::auth::run_helper(task);
  } catch (const std::exception&) {
  }
  ::_exit(kStatusBroken);
}

}  // namespace

void AuthHelpers::start(const Generation& generation, std::uint64_t now_ms) {
  if (generation.auth_channels.empty()) return;
  shm::AuthMemory& memory = generation.heritage.segment->auth();
  memory.refused_call.store(0, std::memory_order_relaxed);
  const pid_t master = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) become_helper(generation, master);
  if (pid < 0) throw StartError("cannot fork the process that checks passwords", errno);
  processes_[generation.number] = {.pid = pid, .born_ms = now_ms, .memory = &memory};
}

void AuthHelpers::renew_channel(Generation& generation, shm::Slot slot) {
  if (slot >= generation.auth_channels.size()) return;
  try {
    generation.auth_channels[slot] = worker::auth::make_channel();
  } catch (const std::system_error& error) {
    throw StartError(error.what());
  }
  const auto helper = processes_.find(generation.number);
  if (helper == processes_.end()) return;
  helper->second.is_replaced = true;
  ::kill(helper->second.pid, SIGKILL);
}

void AuthHelpers::end(shm::Generation generation) {
  const auto helper = processes_.find(generation);
  if (helper == processes_.end()) return;
  ::kill(helper->second.pid, SIGKILL);
  processes_.erase(helper);  // the reaping of children finds it; it has no successor
}

void AuthHelpers::stop() {
  for (const auto& [generation, process] : processes_) {
    ::kill(process.pid, SIGKILL);
    ::waitpid(process.pid, nullptr, 0);
  }
  processes_.clear();
  plan_.clear();
}

void AuthHelpers::on_exit(pid_t pid, int status, std::uint64_t now_ms) {
  const auto dead = std::find_if(processes_.begin(), processes_.end(),
                                 [pid](const auto& entry) { return entry.second.pid == pid; });
  if (dead == processes_.end()) return;
  const auto [generation, process] = *dead;
  processes_.erase(dead);
  if (process.is_replaced) {
    plan_.plan({generation, 0}, kYoungMs, now_ms);
    return;
  }
  const std::uint32_t refused = process.memory->refused_call.load(std::memory_order_relaxed);
  const std::optional<std::uint32_t> call =
      refused != 0 ? std::optional(refused - 1) : std::nullopt;
  log_queue_.log(Severity::error, "the process that checks passwords (pid " + std::to_string(pid) +
                                      ") " + describe_exit(status, call));
  const std::uint64_t delay = plan_.plan({generation, 0}, now_ms - process.born_ms, now_ms);
  if (delay == 0) return;
  log_queue_.log(Severity::warning, "it dies soon after each start: next start in " +
                                        std::to_string(delay / 1000) +
                                        " s; until then users who are not remembered get 503");
}

void AuthHelpers::turn(const std::vector<const Generation*>& generations, std::uint64_t now_ms) {
  for (const WorkerId id : plan_.take_due(now_ms)) {
    const auto found =
        std::find_if(generations.begin(), generations.end(),
                     [id](const Generation* one) { return one->number == id.generation; });
    if (found == generations.end()) continue;
    try {
      start(**found, now_ms);
    } catch (const StartError& error) {
      log_queue_.log(Severity::error, error.what());
      plan_.retry(id, now_ms);
    }
  }
}

}  // namespace master
