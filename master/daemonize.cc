// See daemonize.h.
#include "master/daemonize.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "master/descriptors.h"
#include "master/start_error.h"

namespace master {
namespace {

// The one byte that the daemon writes to the pipe.
constexpr char kServes = 'R';
constexpr char kFailed = 'F';  // the reason is on standard error already

// The command that was started. Unblocks the signals that the daemon needs blocked, so that the
// user can interrupt the command while it waits.
[[noreturn]] void await_report(int pipe, pid_t child) {
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  while (::waitpid(child, nullptr, 0) < 0 && errno == EINTR) {
  }
  char report = 0;
  ssize_t size = 0;
  while ((size = ::read(pipe, &report, 1)) < 0 && errno == EINTR) {
  }
  if (size != 1) throw StartError("the daemon died before it was ready");
  if (report != kServes) throw StartFailed();
  ::_exit(0);  // without destructors: the pid file and all else belong to the daemon now
}

// The first child leads the new session and ends at once: a daemon that leads no session can never
// get a controlling terminal.
void become_session() {
  ::setsid();
  const pid_t pid = ::fork();
  if (pid > 0) ::_exit(0);
  if (pid < 0) throw StartError("cannot fork", errno);
}

}  // namespace

StartupPipe::~StartupPipe() {
  if (!pipe_) return;
  if (::write(pipe_.get(), &kFailed, 1) < 0) return;  // the command is gone
}

bool StartupPipe::report_ready() {
  if (!pipe_) return true;
  detach_standard_streams();
  const bool told = ::write(pipe_.get(), &kServes, 1) == 1;
  pipe_.reset();
  return told;
}

StartupPipe daemonize() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw StartError("cannot make a pipe", errno);
  worker::net::UniqueFd reader(ends[0]);
  worker::net::UniqueFd writer(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) throw StartError("cannot fork", errno);
  if (child > 0) {
    writer.reset();
    await_report(reader.get(), child);
  }
  StartupPipe pipe(std::move(writer));
  reader.reset();
  become_session();
  if (::chdir("/") != 0) throw StartError("cannot change to the root directory", errno);
  return pipe;
}

}  // namespace master
