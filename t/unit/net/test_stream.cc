#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "worker/net/stream.h"

namespace {

// Two ends of a TCP connection. For a socket pair the kernel counts unsent bytes differently.
struct Connection {
  Connection() {
    const worker::net::UniqueFd listening(::socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    REQUIRE(::bind(listening.get(), generic, size) == 0);
    REQUIRE(::listen(listening.get(), 1) == 0);
    REQUIRE(::getsockname(listening.get(), generic, &size) == 0);
    worker::net::UniqueFd fd(::socket(AF_INET, SOCK_STREAM, 0));
    REQUIRE(::connect(fd.get(), generic, size) == 0);
    far_end = worker::net::UniqueFd(::accept4(listening.get(), nullptr, nullptr, SOCK_NONBLOCK));
    REQUIRE(::shutdown(far_end.get(), SHUT_WR) == 0);
    const int flags = 1;
    REQUIRE(::ioctl(fd.get(), FIONBIO, &flags) == 0);
    stream = worker::net::Stream(std::move(fd));
  }
  std::size_t write_until_full() {
    std::string block(65536, 'x');
    const iovec piece{block.data(), block.size()};
    std::size_t written = 0;
    while (true) {
      const worker::tls::IoResult result = stream.write(&piece, 1);
      if (result.status != worker::tls::IoStatus::ok) return written;
      written += result.size;
    }
  }
  worker::net::Stream stream;
  worker::net::UniqueFd far_end;
};

}  // namespace

TEST_CASE("stream: the number of unsent bytes falls when the peer reads") {
  Connection connection;
  CHECK(connection.stream.unsent() == 0);
  const std::size_t written = connection.write_until_full();
  const std::size_t unsent = connection.stream.unsent();
  CHECK(unsent > 0);
  CHECK(unsent <= written);
  std::string room(65536, ' ');
  std::size_t taken = 0;
  while (taken < written) {
    const ssize_t n = ::read(connection.far_end.get(), room.data(), room.size());
    if (n > 0) taken += static_cast<std::size_t>(n);
  }
  CHECK(connection.stream.unsent() < unsent);
}
