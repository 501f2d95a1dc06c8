// Tests of compress/encoder: what decoders make of it, however it was fed; what is out after a
// flush; memory.
#include "worker/compress/encoder.h"

#include <doctest/doctest.h>
#include <malloc.h>

#include <algorithm>
#include <vector>

#include "t/unit/coded_bodies.h"

using conf::Coding;
using conf::Compress;
using worker::compress::coding_name;
using worker::compress::encoder_memory;
using worker::compress::kPiece;
using worker::compress::make_encoder;

namespace {

const std::vector<Compress::Offer> kDefaults{{Coding::zstd, 3}, {Coding::br, 4}, {Coding::gzip, 5}};

std::vector<Compress::Offer> all_offers() {
  std::vector<Compress::Offer> all;
  for (int level = 1; level <= 12; ++level) all.push_back({Coding::zstd, level});
  for (int level = 0; level <= 9; ++level) all.push_back({Coding::br, level});
  for (int level = 1; level <= 9; ++level) all.push_back({Coding::gzip, level});
  return all;
}

// The sizes of the parts that follow each other.
using NextSize = std::size_t (*)();
std::mt19937 random_sizes(7);

std::string coded(const Compress::Offer& offer, const std::string& body, NextSize next) {
  const auto encoder = make_encoder(offer);
  REQUIRE(encoder);
  std::string out;
  for (std::size_t at = 0; at < body.size();) {
    const std::size_t size = std::min(next(), body.size() - at);
    REQUIRE(encoder->feed(std::string_view(body).substr(at, size), out));
    at += size;
    if (at % 3 != 0) REQUIRE(encoder->flush(out));
  }
  REQUIRE(encoder->finish(out));
  return out;
}

void check_all_sizes(NextSize next, std::size_t most) {
  for (const Compress::Offer& offer : kDefaults) {
    for (const std::size_t size : {0, 1, 2, 100, 4095, 4096, 65535, 65536, 65537, 1 << 20}) {
      if (size > most) continue;
      const std::string body = bodies::text(size);
      const auto decoded = bodies::decode(coding_name(offer.coding), coded(offer, body, next));
      CAPTURE(coding_name(offer.coding));
      CAPTURE(size);
      CHECK(decoded.is_whole);
      CHECK((decoded.data == body));
    }
  }
}

}  // namespace

TEST_CASE("encoder: any size in parts of any size comes back") {
  check_all_sizes([] { return std::size_t{1}; }, 65537);
  check_all_sizes([] { return std::size_t{7}; }, 65537);
  check_all_sizes([] { return std::size_t{4096}; }, 1 << 20);
  check_all_sizes([] { return std::size_t{65536}; }, 1 << 20);
  check_all_sizes([] { return std::size_t{1 + random_sizes() % 20'000}; }, 1 << 20);
}

TEST_CASE("encoder: every level compresses text, and noise grows by less than 1 %") {
  const std::string text = bodies::text(300'000);
  const std::string noise = bodies::noise(300'000);
  for (const Compress::Offer& offer : all_offers()) {
    CAPTURE(coding_name(offer.coding));
    CAPTURE(offer.level);
    const auto next = [] { return kPiece; };
    const std::string short_one = coded(offer, text, next);
    CHECK(short_one.size() < text.size() / 2);
    CHECK((bodies::decode(coding_name(offer.coding), short_one).data == text));
    const std::string long_one = coded(offer, noise, next);
    CHECK(long_one.size() < noise.size() / 100 * 101);
    CHECK((bodies::decode(coding_name(offer.coding), long_one).data == noise));
  }
}

TEST_CASE("encoder: after a flush a decoder has all that was fed, and no end") {
  for (const Compress::Offer& offer : all_offers()) {
    CAPTURE(coding_name(offer.coding));
    CAPTURE(offer.level);
    const auto encoder = make_encoder(offer);
    REQUIRE(encoder);
    std::string out;
    std::string fed;
    for (const std::size_t size : {1, 10, 1000, 20'000}) {
      const std::string part = bodies::text(size, static_cast<unsigned>(size));
      fed += part;
      REQUIRE(encoder->feed(part, out));
      REQUIRE(encoder->flush(out));
      const auto decoded = bodies::decode(coding_name(offer.coding), out);
      CHECK((decoded.data == fed));
      CHECK_FALSE(decoded.is_whole);
      CHECK(decoded.is_valid);
      REQUIRE(encoder->flush(out));  // with nothing to put out
    }
    REQUIRE(encoder->finish(out));
    const auto decoded = bodies::decode(coding_name(offer.coding), out);
    CHECK((decoded.data == fed));
    CHECK(decoded.is_whole);
  }
}

TEST_CASE("encoder: `out` is appended to") {
  for (const Compress::Offer& offer : kDefaults) {
    const auto encoder = make_encoder(offer);
    std::string out = "before";
    REQUIRE(encoder->finish(out));
    CHECK(out.substr(0, 6) == "before");
    CHECK(bodies::decode(coding_name(offer.coding), out.substr(6)).is_whole);
  }
}

// A sanitizer has an allocator of its own.
#ifndef POUND_SANITIZE
TEST_CASE("encoder: takes no more memory than it says") {
  const std::string body = bodies::text(300'000) + bodies::noise(100'000);
  std::string out;
  out.reserve(2 * body.size());
  const auto in_use = [] {
    const struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
  };
  for (const Compress::Offer& offer : all_offers()) {
    out.clear();
    const std::size_t before = in_use();
    std::size_t most = 0;
    const auto encoder = make_encoder(offer);
    for (std::size_t at = 0; at < body.size(); at += kPiece) {
      REQUIRE(encoder->feed(std::string_view(body).substr(at, kPiece), out));
      most = std::max(most, in_use() - before);
      REQUIRE(encoder->flush(out));
      most = std::max(most, in_use() - before);
    }
    CAPTURE(coding_name(offer.coding));
    CAPTURE(offer.level);
    CHECK(most <= encoder_memory(offer));
    CHECK(most >= encoder_memory(offer) / 10);
  }
}
#endif
