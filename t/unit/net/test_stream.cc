#include <doctest/doctest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <string_view>
#include <vector>

#include "t/unit/tls/harness.h"
#include "worker/net/stream.h"

namespace {

// Two ends of a TCP connection, because SIOCOUTQ means something else for a socket pair.
struct Connection {
  explicit Connection(bool far_end_is_done = true) {
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
    if (far_end_is_done) REQUIRE(::shutdown(far_end.get(), SHUT_WR) == 0);
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

namespace {

using worker::tls::IoStatus;

// The two ends of a socket pair: the peer has the bytes as soon as the stream has written them.
struct Pair {
  Pair() {
    int fds[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
    stream = worker::net::Stream(worker::net::UniqueFd(fds[0]));
    peer = worker::net::UniqueFd(fds[1]);
  }
  std::string received() const {
    std::string text(16384, ' ');
    const ssize_t n = ::read(peer.get(), text.data(), text.size());
    text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
    return text;
  }
  worker::net::Stream stream;
  worker::net::UniqueFd peer;
};

// Waits until poll(2) reports `what` or an error.
void await(int fd, short what) {
  pollfd one{fd, what, 0};
  REQUIRE(::poll(&one, 1, 10'000) == 1);
}

}  // namespace

TEST_CASE("stream: read tells bytes, a drained socket, nothing yet and the end apart") {
  Pair pair;
  std::array<char, 4> room{};
  worker::tls::IoResult result = pair.stream.read(room.data(), room.size());
  CHECK(result.status == IoStatus::would_block);
  CHECK(result.size == 0);
  REQUIRE(::write(pair.peer.get(), "abcdef", 6) == 6);
  result = pair.stream.read(room.data(), room.size());
  CHECK(result.status == IoStatus::ok);
  CHECK(std::string_view(room.data(), result.size) == "abcd");
  CHECK_FALSE(result.drained);  // the room is full: there may be more
  result = pair.stream.read(room.data(), room.size());
  CHECK(result.status == IoStatus::ok);
  CHECK(std::string_view(room.data(), result.size) == "ef");
  CHECK(result.drained);
  pair.peer.reset();
  result = pair.stream.read(room.data(), room.size());
  CHECK(result.status == IoStatus::closed);
  CHECK(result.size == 0);
}

TEST_CASE("stream: peek leaves the bytes for the next read") {
  Pair pair;
  std::array<char, 4> room{};
  CHECK(pair.stream.peek(room.data(), room.size()).status == IoStatus::would_block);
  REQUIRE(::write(pair.peer.get(), "abc", 3) == 3);
  for (int i = 0; i < 2; ++i) {
    const worker::tls::IoResult result = pair.stream.peek(room.data(), room.size());
    CHECK(result.status == IoStatus::ok);
    CHECK(std::string_view(room.data(), result.size) == "abc");
  }
  CHECK(pair.stream.read(room.data(), 2).size == 2);
  CHECK(pair.stream.peek(room.data(), room.size()).size == 1);
  CHECK(room[0] == 'c');
  CHECK(pair.stream.read(room.data(), room.size()).size == 1);
  pair.peer.reset();
  CHECK(pair.stream.peek(room.data(), room.size()).status == IoStatus::closed);
}

TEST_CASE("stream: any number of pieces goes out in order, below, at and above 4 KiB") {
  for (const std::size_t size : {std::size_t{1}, std::size_t{1000}, std::size_t{4096} / 2,
                                 std::size_t{4096} / 2 + 1, std::size_t{5000}}) {
    Pair pair;
    std::vector<std::string> texts = {std::string(size, 'a'), std::string(size, 'b'), ""};
    std::string all = texts[0] + texts[1];
    std::vector<iovec> pieces;
    pieces.reserve(texts.size());
    for (std::string& text : texts) pieces.push_back({text.data(), text.size()});
    const worker::tls::IoResult result = pair.stream.write(pieces.data(), 3);
    CHECK(result.status == IoStatus::ok);
    CHECK(result.size == all.size());
    CHECK(pair.received() == all);
  }
}

TEST_CASE("stream: a stale EINTR in errno does not repeat a call that succeeded") {
  Pair pair;
  std::array<char, 16> room{};
  iovec piece{room.data(), 0};
  errno = EINTR;
  CHECK(pair.stream.write(&piece, 1).status == IoStatus::ok);
  CHECK(pair.received().empty());
  room.fill('x');
  piece.iov_len = 3;
  errno = EINTR;
  CHECK(pair.stream.write(&piece, 1).size == 3);
  CHECK(pair.received() == "xxx");
  REQUIRE(::write(pair.peer.get(), "ab", 2) == 2);
  errno = EINTR;
  CHECK(pair.stream.read(room.data(), room.size()).size == 2);
  pair.peer.reset();
  errno = EINTR;
  CHECK(pair.stream.read(room.data(), room.size()).status == IoStatus::closed);
}

TEST_CASE("stream: a write to a peer that has gone fails with the error, and without a signal") {
  Pair pair;
  pair.peer.reset();
  char byte = 'x';
  const iovec piece{&byte, 1};
  const worker::tls::IoResult result = pair.stream.write(&piece, 1);
  CHECK(result.status == IoStatus::failed);
  CHECK(result.error == EPIPE);
}

TEST_CASE("stream: shutdown_write ends our half only, close ends both") {
  Pair pair;
  pair.stream.shutdown_write();
  char byte = ' ';
  CHECK(::read(pair.peer.get(), &byte, 1) == 0);
  REQUIRE(::write(pair.peer.get(), "x", 1) == 1);
  CHECK(pair.stream.read(&byte, 1).status == IoStatus::ok);
  CHECK(byte == 'x');
  pair.stream.close();
  CHECK(pair.stream.fd() == -1);
  CHECK(::send(pair.peer.get(), "x", 1, MSG_NOSIGNAL) == -1);
}

TEST_CASE("stream: a close is an end of stream for the peer, after abort it is a reset") {
  char byte = ' ';
  Connection orderly;
  orderly.stream.close();
  await(orderly.far_end.get(), POLLIN);
  CHECK(::read(orderly.far_end.get(), &byte, 1) == 0);
  Connection aborted;
  aborted.stream.abort();
  CHECK(aborted.stream.fd() >= 0);  // the close is still to come
  aborted.stream.close();
  await(aborted.far_end.get(), POLLIN);
  CHECK(::read(aborted.far_end.get(), &byte, 1) == -1);
  CHECK(errno == ECONNRESET);
}

TEST_CASE("stream: over TLS a close is announced, after abort it looks like a truncation") {
  const auto context = tls_test::some_context();
  for (const bool is_aborted : {false, true}) {
    CAPTURE(is_aborted);
    tls_test::Pair pair(*context);
    REQUIRE(pair.shake_hands("a.test"));
    if (is_aborted) pair.server.abort();
    pair.server.close();
    ERR_clear_error();
    char byte = ' ';
    CHECK(SSL_read(pair.client, &byte, 1) <= 0);
    const bool is_announced = (SSL_get_shutdown(pair.client) & SSL_RECEIVED_SHUTDOWN) != 0;
    CHECK(is_announced == !is_aborted);
  }
}

TEST_CASE("stream: a silent peer is probed after a minute, and given up after another one") {
  Connection connection;
  const auto option = [&](int level, int name) {
    int value = -1;
    socklen_t size = sizeof value;
    ::getsockopt(connection.stream.fd(), level, name, &value, &size);
    return value;
  };
  CHECK(option(SOL_SOCKET, SO_KEEPALIVE) == 0);
  connection.stream.probe_peer();
  CHECK(option(SOL_SOCKET, SO_KEEPALIVE) == 1);
  CHECK(option(IPPROTO_TCP, TCP_KEEPIDLE) == 60);
  CHECK(option(IPPROTO_TCP, TCP_KEEPINTVL) == 15);
  CHECK(option(IPPROTO_TCP, TCP_KEEPCNT) == 4);
}

TEST_CASE("stream: has_failed means a reset, not an end, not silence, not bytes") {
  Pair pair;
  CHECK_FALSE(pair.stream.has_failed());
  REQUIRE(::write(pair.peer.get(), "x", 1) == 1);
  CHECK_FALSE(pair.stream.has_failed());
  char byte = ' ';
  CHECK(pair.stream.read(&byte, 1).status == IoStatus::ok);  // has_failed has not read it
  CHECK(byte == 'x');
  pair.peer.reset();
  CHECK_FALSE(pair.stream.has_failed());

  Connection reset(false);
  const linger now{1, 0};
  REQUIRE(::setsockopt(reset.far_end.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now) == 0);
  reset.far_end.reset();
  await(reset.stream.fd(), POLLERR);
  CHECK(reset.stream.has_failed());
}

TEST_CASE("stream: pending_error is how a connect ended") {
  Pair pair;
  errno = EINTR;
  CHECK(pair.stream.pending_error() == 0);
  pair.stream.close();
  CHECK(pair.stream.pending_error() == EBADF);

  // A port that is bound but does not listen refuses.
  const worker::net::UniqueFd bound(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  REQUIRE(::bind(bound.get(), generic, size) == 0);
  REQUIRE(::getsockname(bound.get(), generic, &size) == 0);
  worker::net::UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0));
  REQUIRE(::connect(fd.get(), generic, size) == -1);
  if (errno == EINPROGRESS) {
    await(fd.get(), POLLOUT);
    const worker::net::Stream stream(std::move(fd));
    errno = 0;
    CHECK(stream.pending_error() == ECONNREFUSED);
  } else {
    CHECK(errno == ECONNREFUSED);
  }
}

TEST_CASE(
    "stream: unsent counts the bytes that the peer has not acknowledged, and is 0 without a "
    "socket") {
  CHECK(worker::net::Stream().unsent() == 0);
  Connection connection;
  const std::size_t written = connection.write_until_full();
  int queued = 0;
  REQUIRE(::ioctl(connection.stream.fd(), TIOCOUTQ, &queued) == 0);
  CHECK(connection.stream.unsent() == static_cast<std::size_t>(queued));
  CHECK(written > connection.stream.unsent());  // the far end's kernel has the rest
}
