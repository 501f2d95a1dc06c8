#include <doctest/doctest.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "master/privileges.h"
#include "t/unit/folder.h"

using master::Identity;

namespace {

constexpr uid_t kSomebody = 12345;
constexpr gid_t kSomeGroup = 23456;

// Runs the test in a child, because dropped privileges cannot come back.
template <typename Test>
bool holds_in_child(Test test) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(test() ? 0 : 1);
  int status = 0;
  ::waitpid(pid, &status, 0);
  return status == 0;
}

bool is_root() { return ::geteuid() == 0; }

}  // namespace

TEST_CASE("privileges: new ones are forbidden even if nothing is dropped") {
  CHECK(holds_in_child([] {
    return master::drop_privileges({}).empty() && ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
  }));
}

TEST_CASE("privileges: user, group and supplementary groups cannot come back" *
          doctest::skip(!is_root())) {
  CHECK(holds_in_child([] {
    if (!master::drop_privileges({std::nullopt, kSomebody, kSomeGroup}).empty()) return false;
    uid_t uids[3];
    gid_t gids[3];
    if (::getresuid(&uids[0], &uids[1], &uids[2]) != 0) return false;
    if (::getresgid(&gids[0], &gids[1], &gids[2]) != 0) return false;
    for (const uid_t uid : uids) {
      if (uid != kSomebody) return false;
    }
    for (const gid_t gid : gids) {
      if (gid != kSomeGroup) return false;
    }
    return ::getgroups(0, nullptr) == 0 && ::setuid(0) != 0 && ::setgid(0) != 0;
  }));
}

TEST_CASE("privileges: an empty folder serves as the jail" * doctest::skip(!is_root())) {
  const Folder folder;
  CHECK(holds_in_child([&] {
    if (!master::drop_privileges({folder.file(""), kSomebody, kSomeGroup}).empty()) return false;
    return ::access("/etc", F_OK) != 0 && std::filesystem::current_path() == "/";
  }));
}

TEST_CASE("privileges: the error names a missing jail" * doctest::skip(!is_root())) {
  const Folder folder;
  const std::string jail = folder.file("none");
  CHECK(holds_in_child([&] {
    return master::drop_privileges({jail, kSomebody, kSomeGroup}) ==
           "cannot chroot to RootJail " + jail + ": No such file or directory";
  }));
}

TEST_CASE("privileges: only root can become another user or group" * doctest::skip(!is_root())) {
  CHECK(holds_in_child([] {
    if (!master::drop_privileges({std::nullopt, kSomebody, kSomeGroup}).empty()) return false;
    return master::drop_privileges({std::nullopt, kSomebody + 1, std::nullopt}) ==
               "cannot become user 12346: Operation not permitted" &&
           master::drop_privileges({std::nullopt, std::nullopt, kSomeGroup + 1}) ==
               "cannot become group 23457: Operation not permitted";
  }));
}

TEST_CASE("privileges: the limit on open files goes up to the hard limit") {
  CHECK(holds_in_child([] {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = 32;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    if (master::raise_file_limit() != limit.rlim_max) return false;
    rlimit now{};
    ::getrlimit(RLIMIT_NOFILE, &now);
    return now.rlim_cur == limit.rlim_max;
  }));
}
