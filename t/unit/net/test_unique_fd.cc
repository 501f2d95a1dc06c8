// UniqueFd closes each descriptor exactly once.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <utility>

#include "worker/net/unique_fd.h"

using worker::net::UniqueFd;

namespace {

int fresh() {
  const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  REQUIRE(fd >= 0);
  return fd;
}

bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }

}  // namespace

TEST_CASE("unique_fd: owns nothing by default, and takes 0 for a descriptor") {
  const UniqueFd none;
  CHECK(none.get() == -1);
  CHECK_FALSE(static_cast<bool>(none));
  UniqueFd zero(0);
  CHECK(static_cast<bool>(zero));
  CHECK(zero.release() == 0);
  CHECK(zero.get() == -1);
}

TEST_CASE("unique_fd: the destructor and reset close, release does not") {
  const int a = fresh();
  { const UniqueFd owner(a); }
  CHECK_FALSE(is_open(a));
  const int b = fresh();
  UniqueFd owner(b);
  CHECK(owner.release() == b);
  CHECK(is_open(b));
  owner.reset(b);
  CHECK(owner.get() == b);
  CHECK(is_open(b));
  owner.reset();
  CHECK(owner.get() == -1);
  CHECK_FALSE(is_open(b));
}

TEST_CASE("unique_fd: a move hands the descriptor over and closes the target's old one") {
  const int a = fresh();
  const int b = fresh();
  UniqueFd from(a);
  UniqueFd to(b);
  to = std::move(from);
  CHECK(to.get() == a);
  CHECK(from.get() == -1);
  CHECK(is_open(a));
  CHECK_FALSE(is_open(b));
  const UniqueFd last(std::move(to));
  CHECK(last.get() == a);
  CHECK(to.get() == -1);
  CHECK(is_open(a));
}
