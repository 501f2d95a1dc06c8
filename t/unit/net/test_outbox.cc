#include <doctest/doctest.h>

#include <cerrno>
#include <string>

#include "t/unit/net/sink.h"
#include "worker/net/outbox.h"

namespace {

using net_test::Sink;
using worker::net::kReadBufferSize;
using worker::net::Outbox;
using worker::net::Pieces;
using worker::net::Stream;

void send(Outbox& outbox, Stream* sink, std::initializer_list<std::string_view> parts,
          bool is_last = false) {
  Pieces pieces;
  for (const std::string_view part : parts) pieces.add(part);
  outbox.send(sink, pieces, is_last);
}

// Sends more than the sink's socket takes; returns all of these bytes. The outbox holds the rest.
std::string overfill(Outbox& outbox, Sink& sink) {
  std::string sent(8u << 20, 'x');
  send(outbox, &sink.stream, {sent});
  REQUIRE(outbox.holds());
  return sent;
}

}  // namespace

TEST_CASE("outbox: pieces know their number and their sum, and leave out empty ones") {
  Pieces pieces;
  CHECK(pieces.count() == 0);
  CHECK(pieces.size() == 0);
  pieces.add("abc");
  pieces.add("");
  pieces.add("de");
  CHECK(pieces.count() == 2);
  CHECK(pieces.size() == 5);
  while (pieces.count() < static_cast<int>(Pieces::kMost)) pieces.add("f");
  CHECK(pieces.size() == 11);
}

TEST_CASE("outbox: a stream that keeps up gets all pieces at once, in order") {
  Sink sink;
  Outbox outbox;
  send(outbox, &sink.stream, {"one ", "two ", "three"});
  CHECK(!outbox.holds());
  CHECK(outbox.held() == 0);
  CHECK(sink.received() == "one two three");
}

TEST_CASE("outbox: sending no bytes writes none") {
  Sink sink;
  Outbox outbox;
  send(outbox, &sink.stream, {});
  send(outbox, &sink.stream, {""});
  outbox.flush(sink.stream);
  CHECK(!outbox.holds());
  CHECK(!outbox.failed());
  CHECK(sink.received().empty());
}

TEST_CASE(
    "outbox: without a sink it holds all bytes, and flush sends them behind its first argument") {
  Sink sink;
  Outbox outbox;
  send(outbox, nullptr, {"abc", "def"});
  send(outbox, nullptr, {"ghi"});
  CHECK(outbox.holds());
  CHECK(outbox.held() == 9);
  CHECK(outbox.read_size() == kReadBufferSize);
  outbox.flush(sink.stream, "HEAD ");
  CHECK(!outbox.holds());
  CHECK(sink.received() == "HEAD abcdefghi");
}

TEST_CASE("outbox: bytes behind held ones are held, even if the stream has room") {
  Sink sink;
  Outbox outbox;
  send(outbox, nullptr, {"first "});
  send(outbox, &sink.stream, {"second"});
  CHECK(sink.received().empty());
  CHECK(outbox.held() == 12);
  outbox.flush(sink.stream);
  CHECK(sink.received() == "first second");
}

TEST_CASE("outbox: it holds the bytes that a slow stream does not take, in order") {
  Sink sink;
  Outbox outbox;
  std::string sent = overfill(outbox, sink);
  CHECK(outbox.held() < sent.size());
  send(outbox, &sink.stream, {"end"});  // appended, although a caller stops reading by then
  sent += "end";
  std::string all = sink.received();
  CHECK(all.size() + outbox.held() == sent.size());
  while (outbox.holds()) {
    outbox.flush(sink.stream);
    all += sink.received();
  }
  CHECK((all == sent));
}

TEST_CASE("outbox: reads become small for a slow stream, and double while it keeps up again") {
  Sink sink;
  Outbox outbox;
  CHECK(outbox.read_size() == kReadBufferSize);
  overfill(outbox, sink);
  CHECK(outbox.read_size() == 16384);
  while (outbox.holds()) {
    CHECK(outbox.read_size() == 16384);
    sink.received();
    outbox.flush(sink.stream);
  }
  // The last flush was the first write that the stream took whole.
  std::size_t expected = 32768;
  CHECK(outbox.read_size() == expected);
  while (expected < kReadBufferSize) {
    expected *= 2;
    send(outbox, &sink.stream, {"x"});
    CHECK(outbox.read_size() == expected);
  }
  send(outbox, &sink.stream, {"x"});
  CHECK(outbox.read_size() == kReadBufferSize);
}

TEST_CASE("outbox: after a write error it reports the errno and holds nothing") {
  Sink sink;
  Outbox outbox;
  send(outbox, nullptr, {"abc"});
  sink.far_end.reset();
  outbox.flush(sink.stream);
  CHECK(outbox.failed());
  CHECK(outbox.error() == EPIPE);
  CHECK(!outbox.holds());
  send(outbox, &sink.stream, {"def"});
  send(outbox, nullptr, {"ghi"});
  CHECK(!outbox.holds());
}

TEST_CASE("outbox: clear forgets held bytes, a failure and a slow stream") {
  Outbox outbox;
  {
    Sink sink;
    overfill(outbox, sink);
    sink.far_end.reset();
    outbox.flush(sink.stream);
    CHECK(outbox.failed());
  }
  outbox.clear();
  CHECK(!outbox.failed());
  CHECK(outbox.error() == 0);
  CHECK(outbox.read_size() == kReadBufferSize);
  send(outbox, nullptr, {"old"});
  outbox.clear();
  CHECK(!outbox.holds());
  Sink sink;
  send(outbox, &sink.stream, {"new"});
  CHECK(sink.received() == "new");
}

TEST_CASE("outbox: kept bytes are sent once to each stream") {
  Sink one, two;
  Outbox outbox;
  send(outbox, nullptr, {"body"});
  outbox.keep("head ");
  CHECK(outbox.keeps());
  CHECK(outbox.held() == 9);
  outbox.flush(one.stream);
  CHECK(!outbox.holds());
  outbox.flush(one.stream);
  CHECK(one.received() == "head body");
  outbox.rewind();
  CHECK(outbox.held() == 9);
  outbox.flush(two.stream);
  CHECK(two.received() == "head body");
  outbox.forget();
  CHECK(!outbox.keeps());
  outbox.rewind();
  CHECK(!outbox.holds());
}

TEST_CASE("outbox: kept bytes that a slow stream or a broken one did not take") {
  const std::string body(8u << 20, 'x');
  Outbox outbox;
  send(outbox, nullptr, {body});
  outbox.keep("head ");
  {
    Sink slow;
    outbox.flush(slow.stream);
    const std::size_t left = outbox.held();
    CHECK(left > 0);
    CHECK(left < body.size());
    CHECK(slow.received().size() + left == body.size() + 5);
    slow.far_end.reset();
    outbox.flush(slow.stream);
    CHECK(outbox.error() == EPIPE);
    CHECK(!outbox.holds());
    outbox.flush(slow.stream);  // no further write
    CHECK(outbox.error() == EPIPE);
  }
  outbox.rewind();
  CHECK(!outbox.failed());
  Sink sink;
  std::string received;
  while (outbox.holds()) {
    outbox.flush(sink.stream);
    received += sink.received();
  }
  CHECK(received == "head " + body);
}

TEST_CASE("outbox: what is not kept does not survive") {
  Outbox outbox;
  send(outbox, nullptr, {"abc"});
  outbox.forget();
  CHECK(outbox.held() == 3);
  outbox.rewind();
  CHECK(!outbox.holds());
  send(outbox, nullptr, {"abc"});
  outbox.keep("");
  outbox.clear();
  CHECK(!outbox.holds());
  CHECK(!outbox.keeps());
}

TEST_CASE("outbox: several pieces of any size arrive whole") {
  // Stream copies up to 4096 bytes into one piece.
  for (const std::size_t size : {1u, 4090u, 4091u, 20000u}) {
    for (const bool is_last : {false, true}) {
      Sink sink;
      Outbox outbox;
      const std::string body(size, 'b');
      send(outbox, &sink.stream, {"HEAD\r\n", body}, is_last);
      CHECK(!outbox.holds());
      sink.stream.close();
      CHECK((sink.received() == "HEAD\r\n" + body));
    }
  }
}
