#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <string>

#include "master/daemonize.h"
#include "master/start_error.h"
#include "worker/net/unique_fd.h"

using master::StartupPipe;

namespace {

struct Outcome {
  int status = 0;      // of the command; 7 = StartFailed, 8 = StartError
  std::string daemon;  // what the daemon wrote to its pipe before it ended
};

// Starts a "command" that daemonizes, and runs `daemon` in the background.
Outcome start(const std::function<void(StartupPipe, int)>& daemon) {
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  worker::net::UniqueFd reader(ends[0]);
  worker::net::UniqueFd writer(ends[1]);
  const pid_t command = ::fork();
  if (command == 0) {
    reader.reset();
    try {
      daemon(master::daemonize(), writer.get());
      ::_exit(0);
    } catch (const master::StartFailed&) {
      ::_exit(7);
    } catch (const master::StartError&) {
      ::_exit(8);
    }
  }
  writer.reset();
  Outcome outcome;
  ::waitpid(command, &outcome.status, 0);
  outcome.status = WEXITSTATUS(outcome.status);
  char buffer[256];
  for (ssize_t size = 0; (size = ::read(reader.get(), buffer, sizeof buffer)) > 0;) {
    outcome.daemon.append(buffer, static_cast<std::size_t>(size));
  }
  return outcome;
}

void say(int fd, const std::string& text) { CHECK(::write(fd, text.data(), text.size()) > 0); }

}  // namespace

TEST_CASE("daemonize: the command returns 0 when the daemon is ready") {
  const Outcome outcome = start([](StartupPipe startup_pipe, int pipe) {
    char directory[64];
    const bool in_root = ::getcwd(directory, sizeof directory) != nullptr;
    const bool told = startup_pipe.report_ready();
    say(pipe, std::string(in_root ? directory : "?") + (told ? " told" : " not told") +
                  (::getsid(0) != ::getpid() ? " no leader" : " leader"));
  });
  CHECK(outcome.status == 0);
  CHECK(outcome.daemon == "/ told no leader");
}

TEST_CASE("daemonize: when the daemon gives up, the command fails without a message of its own") {
  CHECK(start([](StartupPipe, int) {}).status == 7);
}

TEST_CASE("daemonize: when the daemon dies, the command fails and says so") {
  CHECK(start([](StartupPipe, int) { ::raise(SIGKILL); }).status == 8);
}

TEST_CASE("daemonize: in the foreground no command waits for the report") {
  StartupPipe startup_pipe;
  CHECK(startup_pipe.report_ready());
}

TEST_CASE("daemonize: the report fails when the command is gone") {
  ::signal(SIGPIPE, SIG_IGN);
  int ends[2];
  REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
  ::close(ends[0]);
  const pid_t child = ::fork();  // because report_ready() detaches the standard streams
  if (child == 0) {
    StartupPipe startup_pipe{worker::net::UniqueFd(ends[1])};
    ::_exit(startup_pipe.report_ready() ? 1 : 0);
  }
  ::close(ends[1]);
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(status == 0);
}
