// Attacks by system call. Each does what its name says and returns the result in words.
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstring>

#include "evil.h"

namespace evil {
namespace {

constexpr int kDescriptors = 256;

long to_long(const void* pointer) { return reinterpret_cast<long>(pointer); }

// Takes SIGSYS away from whoever reports it, so that later attacks would be silent.
void on_sigsys(int) {}

std::string take_signal(int number) {
  struct sigaction action {};
  action.sa_handler = on_sigsys;
  return ::sigaction(number, &action, nullptr) == 0 ? "taken" : "refused";
}

// A child that would go on when the worker is gone.
Attack fork_attack("fork", [](const std::string&) {
  const pid_t child = ::fork();
  if (child == 0) {
    for (;;) ::pause();
  }
  return std::to_string(child);
});

Attack execve_attack("execve", [](const std::string&) {
  const char* const arguments[] = {"/bin/sleep", "600", nullptr};
  return call(SYS_execve, to_long(arguments[0]), to_long(arguments), 0);
});

Attack open_attack("open", [](const std::string&) {
  return call(SYS_openat, AT_FDCWD, to_long("/"), O_RDONLY);
});

Attack kill_attack("kill", [](const std::string& pid) {
  return call(SYS_kill, std::stol(pid), SIGSTOP);
});

// tgkill is allowed for the worker's own abort(3) alone.
Attack tgkill_attack("tgkill", [](const std::string& pid) {
  return call(SYS_tgkill, std::stol(pid), std::stol(pid), SIGABRT);
});

Attack queue_attack("sigqueue", [](const std::string& pid) {
  siginfo_t info{};
  info.si_code = SI_QUEUE;
  return call(SYS_rt_sigqueueinfo, std::stol(pid), SIGTERM, to_long(&info));
});

Attack sigsys_attack("take_sigsys", [](const std::string&) { return take_signal(SIGSYS); });

Attack tiocsti_attack("tiocsti", [](const std::string&) {
  std::string results;
  for (int fd = 0; fd < 3; ++fd) {
    for (const char& letter : std::string("touch here\n")) {
      results = call(SYS_ioctl, fd, TIOCSTI, to_long(&letter));
    }
  }
  return results;
});

// O_NONBLOCK of descriptors that the master and other workers share.
Attack setfl_attack("setfl", [](const std::string&) {
  int changed = 0;
  for (int fd = 3; fd < kDescriptors; ++fd) {
    if (::fcntl(fd, F_SETFL, 0) == 0) ++changed;
  }
  return std::to_string(changed);
});

Attack fionbio_attack("fionbio", [](const std::string&) {
  int changed = 0, off = 0;
  for (int fd = 3; fd < kDescriptors; ++fd) {
    if (::ioctl(fd, FIONBIO, &off) == 0) ++changed;
  }
  return std::to_string(changed);
});

Attack ptrace_attack("ptrace", [](const std::string& pid) {
  return call(SYS_ptrace, PTRACE_ATTACH, std::stol(pid));
});

Attack peek_attack("process_vm_readv", [](const std::string& pid) {
  return call(SYS_process_vm_readv, std::stol(pid));
});

Attack uring_attack("io_uring_setup", [](const std::string&) {
  char parameters[120] = {};
  return call(SYS_io_uring_setup, 8, to_long(parameters));
});

// "DOMAIN.TYPE", as numbers.
Attack socket_attack("socket", [](const std::string& what) {
  const std::size_t dot = what.find('.');
  return call(SYS_socket, std::stol(what), std::stol(what.substr(dot + 1)), 0);
});

// A port of its own: on a new socket, which must be allowed for connections to backends.
Attack listen_attack("listen", [](const std::string&) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  return call(SYS_listen, fd, 1);
});

Attack bind_attack("bind", [](const std::string&) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  return call(SYS_bind, fd, 0, 0);
});

// Replaces the program by which the kernel distributes clients among the workers' sockets.
Attack filter_attack("attach_filter", [](const std::string& listener) {
  return call(SYS_setsockopt, std::stol(listener), SOL_SOCKET, SO_ATTACH_FILTER, 0, 0);
});

Attack mmap_attack("mmap_exec", [](const std::string&) {
  return call(SYS_mmap, 0, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
});

Attack mprotect_attack("mprotect_exec", [](const std::string&) {
  alignas(4096) static char page[4096];
  return call(SYS_mprotect, to_long(page), sizeof page, PROT_READ | PROT_EXEC);
});

Attack rlimit_attack("prlimit", [](const std::string& pid) {
  const rlimit none{0, 0};
  return call(SYS_prlimit64, std::stol(pid), RLIMIT_NOFILE, to_long(&none), 0);
});

// A call by number, without arguments.
Attack call_attack("call", [](const std::string& number) { return call(std::stol(number)); });

// What a worker may do: its end by abort(3), as after a fault that the C library finds.
Attack abort_attack("abort", [](const std::string&) {
  ::abort();
  return std::string();
});

}  // namespace
}  // namespace evil
