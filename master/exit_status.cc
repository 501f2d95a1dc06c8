// See exit_status.h.
#include "master/exit_status.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

#include "worker/sandbox/sandbox.h"

namespace master {

bool was_refused_a_call(int status) { return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS; }

bool is_violent(int status) { return status != 0; }

bool is_crash(int status) {
  if (!WIFSIGNALED(status)) return false;
  switch (WTERMSIG(status)) {
    case SIGSYS:
    case SIGSEGV:
    case SIGBUS:
    case SIGILL:
    case SIGABRT:
    case SIGFPE:
    case SIGTRAP:
      return true;
    default:
      return false;
  }
}

std::string describe_exit(int status, std::optional<std::uint32_t> refused_call) {
  if (was_refused_a_call(status)) {
    return "was ended by a refused system call" +
           (refused_call ? ": " + worker::sandbox::call_text(*refused_call) : " (SIGSYS)");
  }
  if (WIFSIGNALED(status)) {
    const int number = WTERMSIG(status);
    const char* name = ::sigdescr_np(number);
    return "was killed by signal " + std::to_string(number) +
           (name != nullptr ? std::string(" (") + name + ")" : "") +
           (WCOREDUMP(status) ? ", core dumped" : "");
  }
  const int code = WEXITSTATUS(status);
  std::string text = "exited with status " + std::to_string(code);
  if (code == kStatusNoPrivileges) text += " (its privileges could not be dropped)";
  return text;
}

}  // namespace master
