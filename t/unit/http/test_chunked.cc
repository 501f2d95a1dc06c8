// How the decoder moves bytes. For its verdicts see data/chunked.
#include "worker/http/chunked.h"

#include <doctest/doctest.h>

#include <array>
#include <string>
#include <vector>

using namespace worker::http;
using State = ChunkedDecoder::State;

TEST_CASE("chunked: the data of many chunks moves to the front in one piece") {
  std::string bytes = "3\r\nabc\r\n2;x=y\r\nde\r\n4\r\nfghi\r\n0\r\n\r\nGET";
  ChunkedDecoder decoder;
  const auto result = decoder.decode(bytes.data(), bytes.size());
  CHECK(result.state == State::done);
  CHECK(result.produced == 9);
  CHECK(result.consumed == bytes.size() - 3);
  CHECK(bytes.substr(0, 9) == "abcdefghi");
  CHECK(bytes.substr(result.consumed) == "GET");
  CHECK(decoder.trailer() == "");
}

TEST_CASE("chunked: data of an unfinished chunk is available at once") {
  ChunkedDecoder decoder;
  std::string first = "a\r\n012";
  auto result = decoder.decode(first.data(), first.size());
  CHECK(result.state == State::more);
  CHECK(result.consumed == 6);
  CHECK(first.substr(0, result.produced) == "012");
  std::string second = "345";
  result = decoder.decode(second.data(), second.size());
  CHECK(result.produced == 3);
  CHECK(second == "345");
  std::string third = "6789\r\n1\r\n!";
  result = decoder.decode(third.data(), third.size());
  CHECK(result.state == State::more);
  CHECK(third.substr(0, result.produced) == "6789!");
}

TEST_CASE("chunked: a read may contain framing only") {
  ChunkedDecoder decoder;
  std::string bytes = "5";
  auto result = decoder.decode(bytes.data(), bytes.size());
  CHECK(result.state == State::more);
  CHECK(result.consumed == 1);
  CHECK(result.produced == 0);
  result = decoder.decode(bytes.data(), 0);
  CHECK(result.state == State::more);
  CHECK(result.consumed == 0);
}

TEST_CASE("chunked: one chunk may span many reads") {
  constexpr std::size_t kSize = 1 << 20;
  ChunkedDecoder decoder;
  std::string header = "100000\r\n";
  CHECK(decoder.decode(header.data(), header.size()).produced == 0);
  std::vector<char> piece(64 * 1024, 'x');
  for (std::size_t sent = 0; sent < kSize; sent += piece.size()) {
    const auto result = decoder.decode(piece.data(), piece.size());
    CHECK(result.state == State::more);
    CHECK(result.produced == piece.size());
  }
  std::string end = "\r\n0\r\nX-Sum: 1\r\nHost: b\r\n\r\n";
  const auto result = decoder.decode(end.data(), end.size());
  CHECK(result.state == State::done);
  CHECK(result.produced == 0);
  CHECK(decoder.trailer() == "X-Sum: 1\r\n");
}

TEST_CASE(
    "chunked: data before a fault is available, and the offset is from the start of the body") {
  ChunkedDecoder decoder;
  std::string first = "3\r\nabc\r\n";
  CHECK(decoder.decode(first.data(), first.size()).state == State::more);
  std::string second = "2\r\ndeX";
  const auto result = decoder.decode(second.data(), second.size());
  CHECK(result.state == State::refused);
  CHECK(second.substr(0, result.produced) == "de");
  CHECK(result.consumed == 5);
  CHECK(decoder.refusal().reason == Reason::chunk_crlf);
  CHECK(decoder.refusal().offset == 13);
}

TEST_CASE("chunked: an excerpt shows lines of the framing, never data") {
  const auto excerpt_of = [](std::string bytes) {
    ChunkedDecoder decoder;
    CHECK(decoder.decode(bytes.data(), bytes.size()).state == State::refused);
    CHECK(decoder.excerpt().size() <= kMaxExcerpt);
    return decoder.excerpt();
  };
  CHECK(excerpt_of("6\r\nsecret!") == "!");
  CHECK(excerpt_of("6\r\nsecret\r\n0x1\r\n") == "0x");
  CHECK(excerpt_of("6\r\nsecret\r\n1;a=b c\r\n") == "1;a=b c");
  CHECK(excerpt_of("0\r\nGood: 1\r\nBad : 2\r\n\r\n") == "Bad : 2");
  CHECK(excerpt_of("1" + std::string(100, ' ') + "=") == std::string(24, ' ') + "=");
}

TEST_CASE("chunked: chunk headers") {
  const auto header = [](std::uint64_t size) {
    std::array<char, kMaxChunkHeader> out;
    return std::string(out.data(), write_chunk_header(size, out.data()));
  };
  CHECK(header(1) == "1\r\n");
  CHECK(header(255) == "ff\r\n");
  CHECK(header(256 * 1024) == "40000\r\n");
  CHECK(header(~std::uint64_t{0}) == "ffffffffffffffff\r\n");
}
