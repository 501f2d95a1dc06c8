#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "worker/transaction/pump.h"

namespace {

using worker::net::Stream;
using worker::transaction::Pump;
using Kind = worker::http::Framing::Kind;

// A stream whose other end the test reads.
struct Sink {
  Sink() {
    int fds[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
    stream = Stream(worker::net::UniqueFd(fds[0]));
    far_end = worker::net::UniqueFd(fds[1]);
  }
  std::string received() const {
    std::string all;
    std::array<char, 65536> part;
    ssize_t n;
    while ((n = ::read(far_end.get(), part.data(), part.size())) > 0) {
      all.append(part.data(), static_cast<std::size_t>(n));
    }
    return all;
  }
  Stream stream;
  worker::net::UniqueFd far_end;
};

std::size_t take(Pump& pump, Sink& sink, std::string bytes, std::string_view head = {}) {
  return pump.take(&sink.stream, head, bytes.data(), bytes.size());
}

}  // namespace

TEST_CASE("relay: no body: the head alone, and none of the bytes behind it") {
  Sink sink;
  Pump pump;
  pump.start({Kind::none, 0}, false);
  CHECK(pump.source_done());
  CHECK(take(pump, sink, "GET /next", "HEAD\r\n\r\n") == 0);
  CHECK(sink.received() == "HEAD\r\n\r\n");
}

TEST_CASE("relay: a length is kept to the byte") {
  Sink sink;
  Pump pump;
  pump.start({Kind::length, 5}, false);
  CHECK(pump.read_size() == 5);
  CHECK(take(pump, sink, "abc", "H:") == 3);
  CHECK(!pump.source_done());
  CHECK(take(pump, sink, "defgh") == 2);
  CHECK(pump.finished());
  CHECK(pump.body_bytes() == 5);
  CHECK(sink.received() == "H:abcde");
}

TEST_CASE("relay: chunks go out as chunks of ours, with the trailer") {
  Sink sink;
  Pump pump;
  pump.start({Kind::chunked, 0}, true);
  const std::string body = "3;x=y\r\nabc\r\n0002\r\nde\r\n0\r\nX-Sum: 1\r\n\r\nrest";
  CHECK(take(pump, sink, body) == body.size() - 4);
  CHECK(pump.finished());
  CHECK(sink.received() == "5\r\nabcde\r\n0\r\nX-Sum: 1\r\n\r\n");
}

TEST_CASE("relay: chunks for a client that knows none") {
  Sink sink;
  Pump pump;
  pump.start({Kind::chunked, 0}, false);
  take(pump, sink, "3\r\nabc\r\n0\r\n\r\n");
  CHECK(pump.finished());
  CHECK(pump.ends_by_close());
  CHECK(sink.received() == "abc");
}

TEST_CASE("relay: a body until close is given an end of its own") {
  Sink sink;
  Pump pump;
  pump.start({Kind::until_close, 0}, true);
  CHECK(take(pump, sink, "abc") == 3);
  CHECK(!pump.source_done());
  pump.source_closed(&sink.stream);
  CHECK(pump.finished());
  CHECK(sink.received() == "3\r\nabc\r\n0\r\n\r\n");
}

TEST_CASE("relay: a truncated body gets no end") {
  Sink sink;
  Pump pump;
  SUBCASE("chunked") {
    pump.start({Kind::chunked, 0}, true);
    take(pump, sink, "5\r\nab");
    pump.source_closed(&sink.stream);
    CHECK(sink.received() == "2\r\nab\r\n");
  }
  SUBCASE("length") {
    pump.start({Kind::length, 5}, false);
    take(pump, sink, "ab");
    pump.source_closed(&sink.stream);
    CHECK(sink.received() == "ab");
  }
  CHECK(pump.broken());
  CHECK(!pump.source_done());
}

TEST_CASE("relay: a bad chunk is refused, and what was good before it has been sent") {
  Sink sink;
  Pump pump;
  pump.start({Kind::chunked, 0}, true);
  take(pump, sink, "2\r\nab\r\nzz\r\n");
  CHECK(pump.broken());
  CHECK(worker::http::info(pump.refusal().reason).status == 400);
  CHECK(sink.received() == "2\r\nab\r\n");
}

TEST_CASE("relay: without a sink all is held, and sent behind the head") {
  Sink sink;
  Pump pump;
  pump.start({Kind::length, 3}, false);
  std::string body = "abc";
  CHECK(pump.take(nullptr, {}, body.data(), body.size()) == 3);
  CHECK(pump.holds());
  CHECK(!pump.finished());
  pump.flush(sink.stream, "HEAD ");
  CHECK(pump.finished());
  CHECK(sink.received() == "HEAD abc");
}

TEST_CASE("relay: what a slow sink does not take is held, in order, and reads become small") {
  Sink sink;
  Pump pump;
  const std::string body(8u << 20, 'x');
  pump.start({Kind::length, body.size() + 3}, false);
  const std::size_t large = pump.read_size();
  take(pump, sink, body, "HEAD");
  CHECK(pump.holds());
  CHECK(pump.read_size() < large);
  take(pump, sink, "end");  // appended, although the caller should not have read
  std::string all = sink.received();
  while (pump.holds()) {
    pump.flush(sink.stream);
    all += sink.received();
  }
  CHECK(all == "HEAD" + body + "end");
}

TEST_CASE("relay: what is held of an interim head goes out before the next one") {
  Sink sink;
  Pump pump;
  pump.take(nullptr, "HTTP/1.1 103 Early Hints\r\n\r\n", nullptr, 0);
  CHECK(pump.holds());
  pump.start({Kind::length, 2}, false);
  take(pump, sink, "ok", "HTTP/1.1 200 OK\r\n\r\n");
  pump.flush(sink.stream);
  CHECK(pump.finished());
  CHECK(sink.received() == "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n\r\nok");
  pump.take(nullptr, "rest", nullptr, 0);
  pump.clear();
  CHECK(!pump.holds());
}

TEST_CASE("relay: a sink that is gone is a result") {
  Sink sink;
  Pump pump;
  pump.start({Kind::length, 3}, false);
  sink.far_end.reset();
  take(pump, sink, "abc");
  CHECK(pump.sink_failed());
  CHECK(pump.sink_error() == EPIPE);
  CHECK(!pump.holds());
}

TEST_CASE("relay: a chunked body of as much as is allowed, and of a byte more") {
  for (const bool is_too_long : {false, true}) {
    Sink sink;
    Pump pump;
    pump.start({Kind::chunked, 0}, true, 5);
    take(pump, sink, "3\r\nabc\r\n");
    take(pump, sink, is_too_long ? "3\r\ndef\r\n0\r\n\r\n" : "2\r\nde\r\n0\r\n\r\n");
    CHECK(pump.broken() == is_too_long);
    CHECK(pump.source_done() == !is_too_long);
    // Nothing of the chunk that is too much, and no end that would make the rest look whole.
    CHECK(sink.received() == (is_too_long ? "3\r\nabc\r\n" : "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"));
    if (is_too_long) CHECK(pump.refusal().reason == worker::http::Reason::body_too_long);
  }
}

TEST_CASE("relay: the limit of an earlier body is not that of the next") {
  Sink sink;
  Pump pump;
  pump.start({Kind::chunked, 0}, true, 1);
  pump.start({Kind::chunked, 0}, true);
  take(pump, sink, "3\r\nabc\r\n0\r\n\r\n");
  CHECK(pump.source_done());
}

TEST_CASE("relay: head and body in one piece or in several, whatever their size") {
  // Stream puts together what is at most 4096 bytes.
  for (const std::size_t size : {1u, 4090u, 4091u, 20000u}) {
    for (const bool is_last : {false, true}) {
      Sink sink;
      Pump pump;
      pump.start({Kind::length, size}, false);
      pump.set_last(is_last);
      const std::string body(size, 'b');
      CHECK(take(pump, sink, body, "HEAD\r\n") == size);
      CHECK(pump.finished());
      sink.stream.close();
      CHECK((sink.received() == "HEAD\r\n" + body));
    }
  }
}
