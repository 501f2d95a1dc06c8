#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "master/isolation.h"
#include "worker/sandbox/sandbox.h"

namespace {

// Runs the test in a child, because nothing of this can be undone.
template <typename Test>
bool holds_in_child(Test test) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(test() ? 0 : 1);
  int status = 0;
  ::waitpid(pid, &status, 0);
  return status == 0;
}

bool is_null(int fd) {
  struct stat about {};
  return ::fstat(fd, &about) == 0 && S_ISCHR(about.st_mode) && about.st_rdev == makedev(1, 3);
}

rlim_t hard_limit(int resource) {
  rlimit limit{};
  ::getrlimit(static_cast<__rlimit_resource>(resource), &limit);
  return limit.rlim_max;
}

}  // namespace

TEST_CASE("isolation: no stream of the caller, and no session of its own without a terminal") {
  CHECK(holds_in_child([] {
    const pid_t session = ::setsid();
    return holds_in_child([session] {
      master::leave_terminal();
      const int streams = worker::sandbox::kIsBuiltIn ? 3 : 2;
      for (int fd = 0; fd < streams; ++fd) {
        if (!is_null(fd)) return false;
      }
      return ::getsid(0) == session;
    });
  }));
}

TEST_CASE("isolation: no core, no trace") {
  CHECK(holds_in_child([] {
    return master::forbid_files_and_processes().empty() && hard_limit(RLIMIT_CORE) == 0 &&
           ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 0;
  }));
}

TEST_CASE("isolation: no file, no child" * doctest::skip(!worker::sandbox::kIsBuiltIn)) {
  CHECK(holds_in_child([] {
    return master::forbid_files_and_processes().empty() && hard_limit(RLIMIT_FSIZE) == 0 &&
           hard_limit(RLIMIT_NPROC) == 0;
  }));
}
