// A stream over one end of a socket pair, and the other end for the test to read and write.
#pragma once

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>

#include "worker/net/stream.h"

namespace net_test {

// All that can be read from `fd` now; `ended` becomes true at the end of the stream.
inline std::string read_all(int fd, bool* ended = nullptr) {
  std::string all;
  std::array<char, 65536> part;
  ssize_t n;
  while ((n = ::read(fd, part.data(), part.size())) > 0) {
    all.append(part.data(), static_cast<std::size_t>(n));
  }
  if (n == 0 && ended != nullptr) *ended = true;
  return all;
}

struct Sink {
  Sink() {
    int fds[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
    stream = worker::net::Stream(worker::net::UniqueFd(fds[0]));
    far_end = worker::net::UniqueFd(fds[1]);
  }
  std::string received() const { return read_all(far_end.get()); }

  worker::net::Stream stream;
  worker::net::UniqueFd far_end;
};

}  // namespace net_test
