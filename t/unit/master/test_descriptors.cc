#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "master/descriptors.h"

namespace {

template <typename Test>
bool holds_in_child(Test test) {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(test() ? 0 : 1);
  int status = 0;
  ::waitpid(pid, &status, 0);
  return status == 0;
}

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

std::string target_of(int fd) {
  char name[256];
  const std::string link = "/proc/self/fd/" + std::to_string(fd);
  const ssize_t size = ::readlink(link.c_str(), name, sizeof name);
  return size < 0 ? "" : std::string(name, static_cast<std::size_t>(size));
}

}  // namespace

TEST_CASE("descriptors: all are closed except those in the list") {
  CHECK(holds_in_child([] {
    for (const int fd : {10, 11, 12, 200}) ::dup2(STDIN_FILENO, fd);
    master::close_all_but({-1, 0, 1, 2, 11, 200});
    return is_open(0) && is_open(1) && is_open(2) && !is_open(10) && is_open(11) && !is_open(12) &&
           is_open(200) && !is_open(3) && !is_open(199) && !is_open(201);
  }));
}

TEST_CASE("descriptors: the program starts with 0, 1 and 2 open and no other") {
  CHECK(holds_in_child([] {
    ::dup2(STDIN_FILENO, 10);
    ::close(STDIN_FILENO);
    ::close(STDERR_FILENO);
    master::tidy_descriptors();
    return target_of(0) == "/dev/null" && is_open(1) && target_of(2) == "/dev/null" &&
           !is_open(3) && !is_open(10);
  }));
}

TEST_CASE("descriptors: detached streams are /dev/null, and no other descriptor stays open") {
  CHECK(holds_in_child([] {
    master::close_all_but({1, 2});  // so that /dev/null itself opens as 0
    master::detach_standard_streams();
    return target_of(0) == "/dev/null" && target_of(1) == "/dev/null" &&
           target_of(2) == "/dev/null" && !is_open(3);
  }));
}
