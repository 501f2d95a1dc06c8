// See exit_status.h.
#include "master/exit_status.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

namespace master {

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

std::string describe_exit(int status) {
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
