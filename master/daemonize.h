// Into the background: two forks, a session of its own, and a pipe to the command that was started.
//
// The command waits at the pipe and returns 0 if and only if the daemon serves. Standard error is
// that of the command until then, so that errors of the start appear there. Never touches the pid
// file.
#pragma once

#include <utility>

#include "worker/net/unique_fd.h"

namespace master {

// The daemon's end of the pipe. Owns the descriptor.
class StartupPipe {
 public:
  StartupPipe() = default;  // in the foreground: no command waits, the standard streams stay
  explicit StartupPipe(worker::net::UniqueFd pipe) : pipe_(std::move(pipe)) {}
  StartupPipe(StartupPipe&&) noexcept = default;
  StartupPipe& operator=(StartupPipe&&) noexcept = default;
  StartupPipe(const StartupPipe&) = delete;
  StartupPipe& operator=(const StartupPipe&) = delete;
  ~StartupPipe();  // without report_ready() before: the command returns 1

  // Turns the standard streams to /dev/null, then lets the command return 0. False when the command
  // is gone (interrupted) and could not be told. Throws StartError when there is no /dev/null.
  bool report_ready();

 private:
  worker::net::UniqueFd pipe_;
};

// Returns in the daemon only. The calling process waits for the daemon's report: it exits with 0
// when the daemon serves, throws StartFailed when the daemon has written its reason already, and
// throws StartError when the daemon died. Throws StartError also when a fork or pipe fails.
StartupPipe daemonize();

}  // namespace master
