#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "master/signals.h"

using master::Signals;

namespace {

// Runs the test in a child, because the signal mask and actions belong to the whole process.
template <typename Test>
int status_of(Test test) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(test() ? 0 : 1);
  int status = 0;
  ::waitpid(pid, &status, 0);
  return status;
}

bool is_ignored(int number) {
  struct sigaction now {};
  ::sigaction(number, nullptr, &now);
  return now.sa_handler == SIG_IGN;
}

}  // namespace

TEST_CASE("signals: each one is read once, and none is handled") {
  CHECK(status_of([] {
          ::signal(SIGHUP, SIG_IGN);  // as under nohup(1)
          Signals signals;
          if (signals.next().has_value()) return false;
          ::raise(SIGHUP);
          ::raise(SIGTERM);
          ::raise(SIGPIPE);
          int seen = 0;
          while (const auto number = signals.next()) {
            if (*number != SIGHUP && *number != SIGTERM) return false;
            ++seen;
          }
          return seen == 2;
        }) == 0);
}

TEST_CASE("signals: wait(2) reports a child even if CHLD was ignored") {
  CHECK(status_of([] {
          ::signal(SIGCHLD, SIG_IGN);
          const Signals signals;
          const pid_t pid = ::fork();
          if (pid == 0) ::_exit(3);
          int status = 0;
          return ::waitpid(pid, &status, 0) == pid && WEXITSTATUS(status) == 3;
        }) == 0);
}

TEST_CASE("signals: a worker ignores the master's signals and dies of TERM") {
  const int status = status_of([] {
    const Signals signals;
    Signals::reset_in_worker();
    for (const int number : {SIGPIPE, SIGHUP, SIGINT, SIGQUIT, SIGUSR1}) {
      if (!is_ignored(number)) return false;
      ::raise(number);
    }
    if (is_ignored(SIGTERM) || is_ignored(SIGCHLD)) return false;
    ::raise(SIGTERM);
    return false;
  });
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGTERM);
}
