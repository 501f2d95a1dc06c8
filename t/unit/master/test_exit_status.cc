#include <doctest/doctest.h>
#include <signal.h>
#include <sys/syscall.h>

#include "master/exit_status.h"

using master::describe_exit;

namespace {

// wait(2)'s encoding: the status in the second byte, else the signal in the first.
constexpr int exited(int code) { return code << 8; }
constexpr int kCore = 0x80;

}  // namespace

TEST_CASE("exit status: a status in words") {
  CHECK(describe_exit(exited(0)) == "exited with status 0");
  CHECK(describe_exit(exited(1)) == "exited with status 1");
  CHECK(describe_exit(exited(255)) == "exited with status 255");
  CHECK(describe_exit(exited(master::kStatusNoPrivileges)) ==
        "exited with status 77 (its privileges could not be dropped)");
}

TEST_CASE("exit status: a signal in words") {
  CHECK(describe_exit(SIGSEGV) == "was killed by signal 11 (Segmentation fault)");
  CHECK(describe_exit(SIGKILL) == "was killed by signal 9 (Killed)");
  CHECK(describe_exit(SIGABRT | kCore) == "was killed by signal 6 (Aborted), core dumped");
  CHECK(describe_exit(40) == "was killed by signal 40");
}

TEST_CASE("exit status: a refused system call in words") {
  CHECK(describe_exit(SIGSYS) == "was ended by a refused system call (SIGSYS)");
  CHECK(describe_exit(SIGSYS, SYS_openat) ==
        "was ended by a refused system call: openat (" + std::to_string(SYS_openat) + ")");
  CHECK(describe_exit(SIGSYS, 77777) == "was ended by a refused system call: 77777");
  CHECK(describe_exit(SIGSEGV, SYS_openat) == "was killed by signal 11 (Segmentation fault)");
}

TEST_CASE("exit status: which ends are violent, and which are crashes") {
  CHECK_FALSE(master::is_violent(exited(0)));
  CHECK(master::is_violent(exited(1)));
  CHECK(master::is_violent(SIGKILL));
  for (const int number : {SIGSYS, SIGSEGV, SIGBUS, SIGILL, SIGABRT, SIGFPE, SIGTRAP}) {
    CHECK(master::is_crash(number));
    CHECK(master::is_crash(number | kCore));
  }
  for (const int status : {exited(0), exited(1), exited(77), SIGKILL, SIGTERM}) {
    CHECK_FALSE(master::is_crash(status));
  }
}
