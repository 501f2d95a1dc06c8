// See signals.h.
#include "master/signals.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>

#include "master/start_error.h"

namespace master {
namespace {

constexpr int kAnswered[] = {SIGCHLD, SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1};
constexpr int kIgnoredByWorkers[] = {SIGPIPE, SIGHUP, SIGINT, SIGQUIT, SIGUSR1};

}  // namespace

Signals::Signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : kAnswered) {
    // The parent process may have left some of them ignored. With CHLD ignored, wait(2) would
    // report no child.
    ::signal(number, SIG_DFL);
    sigaddset(&set, number);
  }
  ::signal(SIGPIPE, SIG_IGN);
  if (sigprocmask(SIG_SETMASK, &set, nullptr) != 0) throw StartError("cannot block signals", errno);
  fd_.reset(::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC));
  if (!fd_) throw StartError("cannot make a signalfd", errno);
}

std::optional<int> Signals::next() {
  signalfd_siginfo info{};
  if (::read(fd_.get(), &info, sizeof info) != sizeof info) return std::nullopt;
  return static_cast<int>(info.ssi_signo);
}

void Signals::reset_in_worker() {
  for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
  for (const int number : kIgnoredByWorkers) ::signal(number, SIG_IGN);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
}

}  // namespace master
