// The table of allowed system calls: see allowed.h.
#include "worker/sandbox/allowed.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include <linux/sockios.h>

#include <csignal>

namespace worker::sandbox {
namespace {

// The kernel uses the lower half of an argument that is an int.
constexpr scmp_datum_t kInt = 0xffffffff;

scmp_arg_cmp is(unsigned argument, int value) {
  return {argument, SCMP_CMP_MASKED_EQ, kInt, static_cast<scmp_datum_t>(value) & kInt};
}

// Of the bits in `mask`, exactly those in `bits` are set.
[[maybe_unused]] scmp_arg_cmp has(unsigned argument, scmp_datum_t mask, scmp_datum_t bits) {
  return {argument, SCMP_CMP_MASKED_EQ, mask, bits};
}

// With any arguments.
constexpr int kServing[] = {
    // Clients, backends and the master.
    SCMP_SYS(accept4),
    SCMP_SYS(close),
    SCMP_SYS(connect),
    SCMP_SYS(epoll_ctl),
    SCMP_SYS(epoll_pwait),  // arm64 has no epoll_wait
    SCMP_SYS(epoll_wait),
    SCMP_SYS(getpeername),
    SCMP_SYS(read),  // of the signalfd
    SCMP_SYS(recvfrom),
    SCMP_SYS(recv),  // these two: 32-bit processors
    SCMP_SYS(send),
    SCMP_SYS(sendmsg),
    SCMP_SYS(sendto),
    SCMP_SYS(shutdown),
    SCMP_SYS(write),
    SCMP_SYS(getrandom),
    // qsort(3) asks for the size of memory when it sorts many certificates.
    SCMP_SYS(sysinfo),
};

// Those of the helper: questions of workers and the answers.
constexpr int kAnswering[] = {
    SCMP_SYS(poll),     SCMP_SYS(ppoll),  // arm64 has no poll
    SCMP_SYS(recvfrom), SCMP_SYS(recv),  SCMP_SYS(sendto), SCMP_SYS(send),
};

// Those that every process needs.
constexpr int kCommon[] = {
    // Memory and locks.
    SCMP_SYS(brk),
    SCMP_SYS(futex),
    SCMP_SYS(mremap),
    SCMP_SYS(munmap),
    // Clocks, where the kernel cannot answer from its shared page.
    SCMP_SYS(clock_gettime),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    // The end, with the C library's last words if there are any.
    SCMP_SYS(exit_group),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(writev),
    // How the kernel goes on with a call after SIGSTOP and SIGCONT.
    SCMP_SYS(restart_syscall),
};

void add_options(std::vector<Rule>& rules) {
  const auto may_set = [&rules](int level, int option) {
    rules.push_back({SCMP_SYS(setsockopt), {is(1, level), is(2, option)}});
  };
  may_set(IPPROTO_TCP, TCP_NODELAY);
  may_set(IPPROTO_TCP, TCP_KEEPIDLE);
  may_set(IPPROTO_TCP, TCP_KEEPINTVL);
  may_set(IPPROTO_TCP, TCP_KEEPCNT);
  may_set(SOL_SOCKET, SO_KEEPALIVE);
  may_set(SOL_SOCKET, SO_LINGER);
  rules.push_back({SCMP_SYS(getsockopt), {is(1, SOL_SOCKET), is(2, SO_ERROR)}});
  rules.push_back({SCMP_SYS(ioctl), {is(1, SIOCOUTQ)}});
}

void add_common(std::vector<Rule>& rules, pid_t self) {
  for (const int call : kCommon) rules.push_back({call, {}});
    // Memory of its own, never executable. There is no mprotect, so what is read-only stays so.
#ifdef __s390__
  rules.push_back({SCMP_SYS(mmap), {}});  // its arguments are in memory, which no filter sees
#else
  for (const int call : {SCMP_SYS(mmap), SCMP_SYS(mmap2)}) {
    rules.push_back(
        {call,
         {has(2, PROT_EXEC, 0), has(3, MAP_SHARED | MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
                                    MAP_PRIVATE | MAP_ANONYMOUS)}});
  }
#endif
  rules.push_back({SCMP_SYS(madvise), {is(2, MADV_DONTNEED)}});
  // A name for memory of its own: abseil, which newer versions of RE2 use, gives it one.
  rules.push_back({SCMP_SYS(prctl), {is(0, PR_SET_VMA), is(1, PR_SET_VMA_ANON_NAME)}});
  // abort(3).
  rules.push_back({SCMP_SYS(rt_sigaction), {is(0, SIGABRT)}});
  rules.push_back({SCMP_SYS(tgkill), {is(0, self), is(1, self), is(2, SIGABRT)}});
}

}  // namespace

std::vector<Rule> allowed_calls(pid_t self, bool connects_to_paths) {
  std::vector<Rule> rules;
  for (const int call : kServing) rules.push_back({call, {}});
  for (const int family : {AF_INET, AF_INET6, AF_UNIX}) {
    if (family == AF_UNIX && !connects_to_paths) continue;
    constexpr int kStream = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
    rules.push_back({SCMP_SYS(socket), {is(0, family), is(1, kStream), is(2, 0)}});
  }
  add_options(rules);
  add_common(rules, self);
  return rules;
}

std::vector<Rule> helper_calls(pid_t self) {
  std::vector<Rule> rules;
  for (const int call : kAnswering) rules.push_back({call, {}});
  add_common(rules, self);
  return rules;
}

}  // namespace worker::sandbox
