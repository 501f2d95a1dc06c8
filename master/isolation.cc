// See isolation.h.
#include "master/isolation.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "master/descriptors.h"
#include "worker/sandbox/sandbox.h"

namespace master {

namespace {

bool has_terminal() {
  const int terminal = ::open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
  if (terminal < 0) return false;
  ::close(terminal);
  return true;
}

}  // namespace

void leave_terminal() {
  // Fails only in a process that leads a group, and a child leads none. Not without need: the
  // kernel schedules each session as one task, and workers apart from each other cost more than
  // together.
  if (has_terminal()) ::setsid();
  detach_standard_streams(worker::sandbox::kIsBuiltIn ? STDERR_FILENO : STDOUT_FILENO);
}

std::string forbid_files_and_processes() {
  constexpr rlimit kNone{0, 0};
  bool done = ::setrlimit(RLIMIT_CORE, &kNone) == 0;
  if (worker::sandbox::kIsBuiltIn) {
    done = done && ::setrlimit(RLIMIT_FSIZE, &kNone) == 0 && ::setrlimit(RLIMIT_NPROC, &kNone) == 0;
  }
  // Private keys are in memory, and a tracer can make a process do anything.
  done = done && ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0;
  return done ? "" : std::string("cannot limit the worker: ") + std::strerror(errno);
}

}  // namespace master
