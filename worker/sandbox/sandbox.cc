// The filter of system calls: see sandbox.h.
#include "worker/sandbox/sandbox.h"

#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <system_error>

#include "worker/sandbox/allowed.h"

namespace worker::sandbox {
namespace {

std::atomic<std::uint32_t>* noted = nullptr;

// Never returns. SIGSYS is blocked here, so the kernel ends the process at the next refused call;
// kill(2) is one.
void on_refused(int, siginfo_t* info, void*) {
  noted->store(static_cast<std::uint32_t>(info->si_syscall) + 1, std::memory_order_relaxed);
  for (;;) ::syscall(SYS_kill, 0, 0);
}

void check(int result, const char* what) {
  if (result < 0) throw std::system_error(-result, std::generic_category(), what);
}

void catch_refusals(std::atomic<std::uint32_t>& refused) {
  noted = &refused;
  struct sigaction action {};
  action.sa_sigaction = on_refused;
  action.sa_flags = SA_SIGINFO | SA_RESETHAND;
  ::sigaction(SIGSYS, &action, nullptr);
}

}  // namespace

std::string why_unavailable() {
  if (!kIsBuiltIn) return "this build has sanitizers";
  // A kernel that knows filters looks for this one, and finds a bad address.
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, nullptr) == 0 || errno == EFAULT)
    return {};
  return std::strerror(errno);
}

void enter(std::atomic<std::uint32_t>& refused, Process process) {
  if (!why_unavailable().empty()) return;
  struct Release {
    void operator()(void* context) const { ::seccomp_release(context); }
  };
  const std::unique_ptr<void, Release> filter(::seccomp_init(SCMP_ACT_TRAP));
  if (!filter) throw std::system_error(ENOMEM, std::generic_category(), "no system call filter");
  // A call by the numbers of another architecture.
  check(::seccomp_attr_set(filter.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS),
        "no system call filter");
  // Older kernels slow a filtered process down unless it says that it runs no foreign code.
  ::seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_SSB, 1);
  // A tree instead of a list. Before version 2.5 there are lists only.
  ::seccomp_attr_set(filter.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2);
  const pid_t self = ::getpid();
  const bool connects_to_paths = process == Process::worker_with_paths;
  for (const Rule& rule :
       process == Process::helper ? helper_calls(self) : allowed_calls(self, connects_to_paths)) {
    check(::seccomp_rule_add_array(filter.get(), SCMP_ACT_ALLOW, rule.call,
                                   static_cast<unsigned>(rule.conditions.size()),
                                   rule.conditions.data()),
          "no rule for a system call");
  }
  catch_refusals(refused);
  check(::seccomp_load(filter.get()), "the system call filter cannot be set");
}

std::string call_text(std::uint32_t number) {
  const std::unique_ptr<char, void (*)(void*)> name(
      ::seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, static_cast<int>(number)), std::free);
  const std::string digits = std::to_string(number);
  return name ? std::string(name.get()) + " (" + digits + ")" : digits;
}

}  // namespace worker::sandbox
