#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "worker/http/body_reader.h"

namespace {

using worker::http::BodyReader;
using worker::http::Framing;
using worker::http::kNoLimit;
using worker::http::Reason;
using Kind = worker::http::Framing::Kind;
using State = worker::http::BodyReader::State;

// The result of one reader for a stream of bytes.
struct Outcome {
  std::string data;
  std::string rest;  // the bytes behind the body
  State state = State::more;
  std::string trailer;
  Reason reason = Reason::none;
  std::size_t offset = 0;
  std::uint64_t data_bytes = 0;
  bool operator==(const Outcome&) const = default;
};

// Hands `bytes` over in pieces of `step` bytes.
Outcome read(const Framing& framing, std::string_view bytes, std::size_t step,
             std::uint64_t most = kNoLimit) {
  BodyReader reader;
  reader.start(framing, most);
  Outcome outcome;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    std::string piece(bytes.substr(at, step));
    const BodyReader::Taken taken = reader.take(piece.data(), piece.size());
    outcome.data.append(piece, 0, taken.produced);
    if (reader.state() == State::refused) break;  // the other bytes belong to no message
    outcome.rest.append(piece, taken.consumed);
  }
  outcome.state = reader.state();
  outcome.trailer = reader.trailer();
  outcome.reason = reader.refusal().reason;
  outcome.offset = reader.refusal().offset;
  outcome.data_bytes = reader.data_bytes();
  return outcome;
}

// The outcome, after a check that every split of the stream has the same one.
Outcome read_in_every_way(const Framing& framing, std::string_view bytes,
                          std::uint64_t most = kNoLimit) {
  const Outcome whole = read(framing, bytes, bytes.size() + 1, most);
  for (std::size_t step = 1; step <= bytes.size(); ++step) {
    const Outcome split = read(framing, bytes, step, most);
    CHECK_MESSAGE(split == whole, "pieces of ", step, " bytes: ", split.data);
  }
  return whole;
}

}  // namespace

TEST_CASE("body_reader: no body takes none of the bytes") {
  for (const Framing& framing : {Framing{Kind::none, 0}, Framing{Kind::length, 0}}) {
    const Outcome outcome = read_in_every_way(framing, "GET /next");
    CHECK(outcome.state == State::whole);
    CHECK(outcome.data.empty());
    CHECK(outcome.rest == "GET /next");
  }
}

TEST_CASE("body_reader: before start it holds an empty, whole body") {
  BodyReader reader;
  CHECK(reader.is_whole());
  CHECK(reader.most_left() == 0);
  CHECK(reader.trailer().empty());
}

TEST_CASE("body_reader: a body with a length ends at its last byte") {
  const Outcome outcome = read_in_every_way({Kind::length, 5}, "abcdefgh");
  CHECK(outcome.state == State::whole);
  CHECK(outcome.data == "abcde");
  CHECK(outcome.rest == "fgh");
  CHECK(outcome.data_bytes == 5);
  CHECK(outcome.trailer.empty());
}

TEST_CASE("body_reader: most_left bounds the bytes that can still belong to the body") {
  BodyReader reader;
  reader.start({Kind::length, 5});
  CHECK(reader.most_left() == 5);
  std::string part = "abc";
  reader.take(part.data(), part.size());
  CHECK(reader.most_left() == 2);
  CHECK(reader.data_bytes() == 3);
  reader.take(part.data(), part.size());
  CHECK(reader.most_left() == 0);
  for (const Kind kind : {Kind::chunked, Kind::until_close}) {
    reader.start({kind, 0});
    CHECK(reader.most_left() == kNoLimit);
  }
}

TEST_CASE("body_reader: chunks lose their framing, and the trailer is kept") {
  const Outcome outcome = read_in_every_way(
      {Kind::chunked, 0}, "3;x=y\r\nabc\r\n0002\r\nde\r\n0\r\nX-Sum: 1\r\n\r\nrest");
  CHECK(outcome.state == State::whole);
  CHECK(outcome.data == "abcde");
  CHECK(outcome.rest == "rest");
  CHECK(outcome.trailer == "X-Sum: 1\r\n");
  CHECK(outcome.data_bytes == 5);
}

TEST_CASE("body_reader: the trailer is not shown before the body is whole") {
  BodyReader reader;
  reader.start({Kind::chunked, 0});
  std::string part = "0\r\nX-Sum: 1\r\n";
  reader.take(part.data(), part.size());
  CHECK(reader.state() == State::more);
  CHECK(reader.trailer().empty());
  std::string end = "\r\n";
  reader.take(end.data(), end.size());
  CHECK(reader.trailer() == "X-Sum: 1\r\n");
  reader.start({Kind::length, 1});
  CHECK(reader.trailer().empty());
}

TEST_CASE("body_reader: a body until close is whole at the end of the stream, not before") {
  const Outcome outcome = read_in_every_way({Kind::until_close, 0}, "0\r\n\r\n");
  CHECK(outcome.state == State::more);
  CHECK(outcome.data == "0\r\n\r\n");
  BodyReader reader;
  reader.start({Kind::until_close, 0});
  std::string part = "abc";
  CHECK(reader.take(part.data(), part.size()).consumed == 3);
  reader.end_of_stream();
  CHECK(reader.is_whole());
  CHECK(reader.take(part.data(), part.size()).consumed == 0);
  CHECK(reader.data_bytes() == 3);
}

TEST_CASE("body_reader: the end of the stream truncates a body with an end of its own") {
  for (const auto& [framing, bytes] : {std::pair<Framing, std::string>{{Kind::length, 5}, "abcd"},
                                       {{Kind::length, 5}, ""},
                                       {{Kind::chunked, 0}, "5\r\nab"},
                                       {{Kind::chunked, 0}, "2\r\nab\r\n0\r\n"}}) {
    BodyReader reader;
    reader.start(framing);
    std::string part = bytes;
    CHECK(reader.take(part.data(), part.size()).consumed == bytes.size());
    CHECK(reader.state() == State::more);
    reader.end_of_stream();
    CHECK(reader.state() == State::truncated);
    CHECK(!reader.is_whole());
    CHECK(reader.most_left() == 0);
    std::string more = "cde\r\n0\r\n\r\n";
    CHECK(reader.take(more.data(), more.size()).consumed == 0);
  }
}

TEST_CASE("body_reader: the end of the stream changes nothing for a whole or a refused body") {
  BodyReader reader;
  reader.start({Kind::length, 0});
  reader.end_of_stream();
  CHECK(reader.state() == State::whole);
  reader.start({Kind::chunked, 0});
  std::string part = "zz\r\n";
  reader.take(part.data(), part.size());
  reader.end_of_stream();
  CHECK(reader.state() == State::refused);
}

TEST_CASE("body_reader: an invalid chunk is refused, and the data before it comes out") {
  const Outcome outcome = read_in_every_way({Kind::chunked, 0}, "2\r\nab\r\nzz\r\n");
  CHECK(outcome.state == State::refused);
  CHECK(outcome.data == "ab");
  CHECK(outcome.reason == Reason::chunk_size);
  CHECK(outcome.offset == 7);
  CHECK(worker::http::info(outcome.reason).status == 400);
  BodyReader reader;
  reader.start({Kind::chunked, 0});
  std::string part = "2\r\nab\r\nzz\r\n";
  reader.take(part.data(), part.size());
  CHECK(reader.excerpt().find('z') != std::string::npos);
  CHECK(reader.take(part.data(), part.size()).consumed == 0);
}

TEST_CASE("body_reader: a chunked body of the limit passes, and one of a byte more does not") {
  const Outcome fits = read_in_every_way({Kind::chunked, 0}, "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", 5);
  CHECK(fits.state == State::whole);
  CHECK(fits.data == "abcde");
  // No byte of the chunk that exceeds the limit comes out.
  const Outcome exceeds =
      read_in_every_way({Kind::chunked, 0}, "3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n", 5);
  CHECK(exceeds.state == State::refused);
  CHECK(exceeds.reason == Reason::body_too_long);
  CHECK(exceeds.data == "abc");
}

TEST_CASE("body_reader: the limit of an earlier body is not that of the next") {
  BodyReader reader;
  reader.start({Kind::chunked, 0}, 1);
  reader.start({Kind::chunked, 0});
  std::string body = "3\r\nabc\r\n0\r\n\r\n";
  CHECK(reader.take(body.data(), body.size()).produced == 3);
  CHECK(reader.is_whole());
}

TEST_CASE("body_reader: start forgets the body before") {
  BodyReader reader;
  reader.start({Kind::chunked, 0});
  std::string part = "zz\r\n";
  reader.take(part.data(), part.size());
  CHECK(reader.state() == State::refused);
  reader.start({Kind::length, 3});
  CHECK(reader.state() == State::more);
  CHECK(reader.data_bytes() == 0);
  std::string body = "abc";
  CHECK(reader.take(body.data(), body.size()).consumed == 3);
  CHECK(reader.is_whole());
}

namespace {

// Collects the pieces of frame_body, one string for each call.
struct Parts {
  void add(std::string_view bytes) { list.emplace_back(bytes); }
  std::string text() const {
    std::string all;
    for (const std::string& part : list) all += part;
    return all;
  }
  std::vector<std::string> list;
};

std::string framed(const worker::http::BodySpan& span) {
  char room[worker::http::kMaxChunkHeader];
  Parts parts;
  worker::http::frame_body(span, room, parts);
  CHECK(parts.list.size() <= 6);
  return parts.text();
}

}  // namespace

TEST_CASE("frame_body: without chunks the bytes go out as they are, first and last alike") {
  CHECK(framed({.data = "abc"}) == "abc");
  CHECK(framed({.data = "abc", .is_last = true}) == "abc");
  CHECK(framed({.data = "", .is_last = true, .trailer = "A: b\r\n"}).empty());
}

TEST_CASE("frame_body: one chunk for each span, and an end behind the last") {
  CHECK(framed({.in_chunks = true, .data = "abc"}) == "3\r\nabc\r\n");
  CHECK(framed({.in_chunks = true, .data = std::string(26, 'x')}) ==
        "1a\r\n" + std::string(26, 'x') + "\r\n");
  CHECK(framed({.in_chunks = true, .data = "abc", .is_last = true}) == "3\r\nabc\r\n0\r\n\r\n");
  CHECK(framed({.in_chunks = true, .data = "abc", .is_last = true, .trailer = "A: b\r\n"}) ==
        "3\r\nabc\r\n0\r\nA: b\r\n\r\n");
}

TEST_CASE("frame_body: an empty span writes no chunk, because an empty chunk ends the body") {
  CHECK(framed({.in_chunks = true, .data = ""}).empty());
  CHECK(framed({.in_chunks = true, .data = "", .is_last = true}) == "0\r\n\r\n");
}

TEST_CASE("frame_body: BodyReader reads its output back") {
  std::string stream;
  for (const std::string_view part : {"a", "", "bcd"}) {
    stream += framed({.in_chunks = true, .data = part});
  }
  stream += framed({.in_chunks = true, .data = "", .is_last = true, .trailer = "X: y\r\n"});
  const Outcome outcome = read_in_every_way({Kind::chunked, 0}, stream);
  CHECK(outcome.state == State::whole);
  CHECK(outcome.data == "abcd");
  CHECK(outcome.trailer == "X: y\r\n");
  CHECK(outcome.rest.empty());
}
