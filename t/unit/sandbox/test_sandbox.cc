#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <linux/sockios.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <new>
#include <string>

#include "worker/sandbox/sandbox.h"

namespace sandbox = worker::sandbox;

namespace {

struct End {
  int status = 0;             // of wait(2)
  std::uint32_t refused = 0;  // as the process has noted it
  bool by_filter() const { return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS; }
};

// Runs `act` in the sandbox of a child.
template <typename Act>
End end_of(Act act) {
  void* const page =
      ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  auto* const refused = new (page) std::atomic<std::uint32_t>(0);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::signal(SIGABRT, SIG_DFL);  // doctest has a handler
    sandbox::enter(*refused);
    act();
    ::_exit(0);
  }
  End end;
  ::waitpid(pid, &end.status, 0);
  end.refused = *refused;
  ::munmap(page, 4096);
  return end;
}

template <typename Act>
bool ends(Act act, long call) {
  const End end = end_of(act);
  return end.by_filter() && end.refused == static_cast<std::uint32_t>(call) + 1;
}

template <typename Act>
bool passes(Act act) {
  return end_of(act).status == 0;
}

bool is_filtered() { return sandbox::why_unavailable().empty(); }

// Makes this process one for whose kernel seccomp(2) is an unknown call. False when it cannot.
bool refuse_filters() {
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_seccomp, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  const sock_fprog program{std::size(code), code};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0;
}

void set_option(int level, int option) {
  const int yes = 1;
  ::setsockopt(0, level, option, &yes, sizeof yes);
}

}  // namespace

TEST_CASE("sandbox: the name of a call") {
  CHECK(sandbox::call_text(SYS_openat) == "openat (" + std::to_string(SYS_openat) + ")");
  CHECK(sandbox::call_text(99999) == "99999");
  CHECK(sandbox::call_text(0xffffffff) == "4294967295");
}

TEST_CASE("sandbox: there is a filter wherever a process can set one") {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(refuse_filters() ? 0 : 1);
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
#ifdef POUND_SANITIZE
  CHECK(sandbox::why_unavailable() == "this build has sanitizers");
#else
  CHECK(is_filtered() == (status == 0));
#endif
}

TEST_CASE("sandbox: without filters in the kernel the reason is its own, and nothing is refused" *
          doctest::skip(!is_filtered())) {
  std::atomic<std::uint32_t> refused{0};
  const pid_t pid = ::fork();
  if (pid == 0) {
    const bool is_set = refuse_filters();
    const bool is_told = sandbox::why_unavailable() == std::strerror(ENOSYS);
    sandbox::enter(refused);
    const bool is_allowed = ::open("/", O_RDONLY | O_CLOEXEC) >= 0;
    ::_exit((is_set ? 0 : 1) + (is_told ? 0 : 2) + (is_allowed ? 0 : 4));
  }
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  CHECK(status == 0);
}

TEST_CASE("sandbox: a process may use what it has" * doctest::skip(!is_filtered())) {
  CHECK(passes([] {}));
  CHECK(passes([] { std::free(std::malloc(64 << 20)); }));
  CHECK(passes([] { ::prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, 0, 0, "memory"); }));
  CHECK(passes([] { ::close(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)); }));
  CHECK(passes([] { ::close(::socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)); }));
  for (const int option : {TCP_NODELAY, TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT}) {
    CAPTURE(option);
    CHECK(passes([option] { set_option(IPPROTO_TCP, option); }));
  }
  CHECK(passes([] { set_option(SOL_SOCKET, SO_KEEPALIVE); }));
  CHECK(passes([] { set_option(SOL_SOCKET, SO_LINGER); }));
}

TEST_CASE("sandbox: memory that runs out is no refused call" * doctest::skip(!is_filtered())) {
  rlimit before{};
  ::getrlimit(RLIMIT_AS, &before);
  const rlimit little{256 << 20, before.rlim_max};  // the child inherits it
  ::setrlimit(RLIMIT_AS, &little);
  const bool passed = passes([] {
    void* volatile block = nullptr;  // the compiler must not leave the calls out
    do {
      block = std::malloc(1000);
    } while (block != nullptr);
  });
  ::setrlimit(RLIMIT_AS, &before);
  CHECK(passed);
}

TEST_CASE("sandbox: its end by abort shows as such" * doctest::skip(!is_filtered())) {
  const End end = end_of([] { std::abort(); });
  CHECK(WTERMSIG(end.status) == SIGABRT);
  CHECK(end.refused == 0);
}

TEST_CASE("sandbox: other calls end the process" * doctest::skip(!is_filtered())) {
  CHECK(ends([] { ::syscall(SYS_openat, AT_FDCWD, "/", 0); }, SYS_openat));
  CHECK(ends([] { ::syscall(SYS_kill, ::getpid(), SIGABRT); }, SYS_kill));
  CHECK(ends([] { ::syscall(SYS_prctl, 1, 2, 3, 4, 5); }, SYS_prctl));
  CHECK(ends([] { ::syscall(SYS_prctl, PR_SET_VMA, 1, 0, 0, 0); }, SYS_prctl));
  CHECK(ends([] { ::syscall(SYS_seccomp, 0, 0, 0); }, SYS_seccomp));
  CHECK(ends([] { ::syscall(SYS_rt_sigreturn); }, SYS_rt_sigreturn));
  CHECK(ends([] { ::syscall(99999); }, 99999));
}

TEST_CASE("sandbox: arguments that are not allowed end the process" *
          doctest::skip(!is_filtered())) {
  CHECK(ends([] { ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }, SYS_socket));
  CHECK(ends([] { ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0); }, SYS_socket));
  CHECK(ends([] { ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_MPTCP); },
             SYS_socket));
  CHECK(ends([] { set_option(SOL_SOCKET, SO_ATTACH_FILTER); }, SYS_setsockopt));
  CHECK(ends([] { set_option(IPPROTO_IP, TCP_NODELAY); }, SYS_setsockopt));
  CHECK(ends([] { ::ioctl(0, TIOCSTI, "x"); }, SYS_ioctl));
  CHECK(ends([] { (void)::mmap(nullptr, 1, PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); },
             SYS_mmap));
  CHECK(ends([] { (void)::mmap(nullptr, 1, PROT_READ, MAP_SHARED | MAP_ANONYMOUS, -1, 0); },
             SYS_mmap));
  CHECK(ends([] { (void)::mmap(nullptr, 1, PROT_READ, MAP_PRIVATE, 0, 0); }, SYS_mmap));
  CHECK(ends([] { ::madvise(nullptr, 0, MADV_REMOVE); }, SYS_madvise));
  CHECK(ends([] { ::signal(SIGSYS, SIG_IGN); }, SYS_rt_sigaction));
  CHECK(ends([] { ::syscall(SYS_tgkill, 1, 1, SIGABRT); }, SYS_tgkill));
  CHECK(ends([] { ::syscall(SYS_tgkill, ::getpid(), ::getpid(), SIGKILL); }, SYS_tgkill));
}

TEST_CASE("sandbox: the end comes without a note, too" * doctest::skip(!is_filtered())) {
  const End end = end_of([] {
    sigset_t all;
    sigfillset(&all);
    ::sigprocmask(SIG_BLOCK, &all, nullptr);
    ::syscall(SYS_ptrace, 0, 0, 0, 0);
  });
  CHECK(end.by_filter());
  CHECK(end.refused == 0);
}
