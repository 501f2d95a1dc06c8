// See spawn.h.
#include "master/spawn.h"

#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <exception>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "master/clock.h"
#include "master/descriptors.h"
#include "master/exit_status.h"
#include "master/isolation.h"
#include "master/privileges.h"
#include "master/signals.h"
#include "master/start_error.h"
#include "worker/log/log.h"
#include "worker/worker.h"

namespace master {
namespace {

// The master's ends of all control sockets must be closed here: only then do the workers see the
// end of file when the master is gone.
void close_inherited(const worker::Heritage& heritage) {
  std::set<int> kept{STDIN_FILENO,      STDOUT_FILENO,    STDERR_FILENO,        heritage.control,
                     heritage.doorbell, heritage.sleeper, heritage.auth.channel};
  kept.insert(heritage.wake_fds.begin(), heritage.wake_fds.end());
  for (const worker::route::ListenerHeritage& listener : heritage.listeners) {
    for (const worker::route::ListeningSocket& socket : listener.sockets) kept.insert(socket.fd);
  }
  close_all_but(kept);
}

// While the files behind the shared memory are open.
void confine_memory(const worker::Heritage& heritage, worker::log::Log& log) {
  try {
    heritage.segment->confine(heritage.row);
  } catch (const std::exception& error) {
    log.write(worker::log::Severity::error, error.what());
    ::_exit(kStatusBroken);
  }
}

int run_worker(const worker::Heritage& heritage, worker::log::Log& log) {
  try {
    leave_terminal();
    const conf::Global& global = heritage.config->global;
    std::string error = drop_privileges({global.root_jail, heritage.uid, heritage.gid});
    if (error.empty()) error = forbid_files_and_processes();
    if (!error.empty()) {
      log.write(worker::log::Severity::error, error);
      return kStatusNoPrivileges;
    }
    return worker::run(heritage);
  } catch (const std::exception& error) {
    log.write(worker::log::Severity::error, std::string("worker failed: ") + error.what());
    return kStatusBroken;
  }
}

[[noreturn]] void become_worker(const Generation& generation, shm::Slot slot, shm::Row row,
                                int control) noexcept {
  worker::Heritage heritage = generation.heritage_of(slot, row, control);
  heritage.master_pid = ::getppid();
  worker::log::Log log(heritage.segment->log_ring(row), heritage.doorbell,
                       heritage.segment->log_detail());
  confine_memory(heritage, log);
  close_inherited(heritage);
  Signals::reset_in_worker();
  ::tzset();  // reads a file, so it comes before the jail
  ::_exit(run_worker(heritage, log));
}

}  // namespace

Process spawn_worker(const Generation& generation, shm::Slot slot) {
  shm::Segment& segment = *generation.heritage.segment;
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) {
    throw StartError("cannot make a control socket", errno);
  }
  worker::net::UniqueFd ours(ends[0]);
  worker::net::UniqueFd theirs(ends[1]);
  const std::optional<shm::Row> row = segment.workers().take(slot, generation.number);
  if (!row) throw StartError("no row is left for another worker");
  if (*row >= generation.heritage.wake_fds.size()) {
    segment.workers().free(*row);
    throw StartError("too many workers are still alive");
  }
  segment.log_ring(*row).reset();
  const pid_t pid = ::fork();
  if (pid == 0) become_worker(generation, slot, *row, theirs.get());
  if (pid < 0) {
    const int error = errno;
    segment.workers().free(*row);
    throw StartError("cannot fork a worker", error);
  }
  segment.workers().set_pid(*row, pid);
  Process born;
  born.pid = pid;
  born.row = *row;
  born.control = std::move(ours);
  born.born_ms = now_ms();
  return born;
}

}  // namespace master
