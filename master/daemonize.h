// Into the background: two forks, a session of our own, and a pipe on which the command that was
// started waits for the verdict. It returns 0 if and only if the daemon serves.
//
// Owns that pipe. Standard error stays the command's own until the verdict, so that whatever goes
// wrong is said there. Never touches the pid file.
#pragma once

#include <utility>

#include "worker/net/unique_fd.h"

namespace master {

class StartupPipe {
 public:
  StartupPipe() = default;  // in the foreground nobody waits, and the output stays as it is
  explicit StartupPipe(worker::net::UniqueFd pipe) : pipe_(std::move(pipe)) {}
  StartupPipe(StartupPipe&&) noexcept = default;
  StartupPipe& operator=(StartupPipe&&) noexcept = default;
  StartupPipe(const StartupPipe&) = delete;
  StartupPipe& operator=(const StartupPipe&) = delete;
  ~StartupPipe();  // not ready by then: the command returns 1

  // Lets go of standard input, output and error, then lets the command return 0. False when the
  // command is gone (interrupted): nobody was told that the daemon serves.
  bool report_ready();

 private:
  worker::net::UniqueFd pipe_;
};

// Returns in the daemon. The calling process waits for the verdict: it ends where that is good, and
// leaves by StartError or StartFailed where it is not. Throws StartError, too, when there is no
// process or pipe to be had.
StartupPipe daemonize();

}  // namespace master
