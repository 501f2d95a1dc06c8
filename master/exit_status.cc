// See exit_status.h.
#include "master/exit_status.h"

#include <string.h>
#include <sys/wait.h>

namespace master {

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
