// HPACK: the examples of RFC 7541, the bounds of a block, packed tables, and the exact bytes of the
// encoder.
#include "worker/http2/hpack.h"

#include <doctest/doctest.h>

#include <cstdint>
#include <string>

#include "t/unit/http2/blocks.h"

using namespace worker::http2;
using http2_blocks::Collected;
using http2_blocks::from_hex;
using http2_blocks::literal;
using http2_blocks::to_hex;

namespace {

// RFC 7541 C.4: three requests of one connection.
const std::string kFirst = from_hex("828684418cf1e3c2e5f23a6ba0ab90f4ff");
const std::string kSecond = from_hex("828684be5886a8eb10649cbf");
const std::string kThird = from_hex("828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf");
constexpr const char* kThirdText =
    ":method=GET|:scheme=https|:path=/index.html|:authority=www.example.com|"
    "custom-key=custom-value|";

std::string text_of(Decoder& decoder, std::string_view block) {
  Collected fields;
  return decoder.decode(block, fields) ? fields.text : "broken";
}

std::string encoded(Encoder& encoder, const char* name, const char* value) {
  std::string block;
  encoder.begin();
  encoder.add(name, value);
  encoder.finish(block);
  return to_hex(block);
}

}  // namespace

TEST_CASE("hpack: the requests of RFC 7541 C.4") {
  Decoder decoder;
  CHECK(decoder.table_bytes() == 0);
  CHECK(text_of(decoder, kFirst) == ":method=GET|:scheme=http|:path=/|:authority=www.example.com|");
  CHECK(decoder.table_bytes() == 57);
  CHECK(text_of(decoder, kSecond) ==
        ":method=GET|:scheme=http|:path=/|:authority=www.example.com|cache-control=no-cache|");
  CHECK(decoder.table_bytes() == 110);
  CHECK(text_of(decoder, kThird) == kThirdText);
  CHECK(decoder.table_bytes() == 164);
}

TEST_CASE("hpack: an empty block has no fields") {
  Decoder decoder;
  CHECK(text_of(decoder, "") == "");
  CHECK(text_of(decoder, kFirst) != "broken");
}

TEST_CASE("hpack: a sink that has enough does not spoil the table") {
  Decoder decoder;
  Collected fields;
  fields.most = 1;
  CHECK(decoder.decode(kFirst, fields));
  CHECK(fields.text == ":method=GET|");
  CHECK(fields.calls == 1);
  CHECK(decoder.skip(kSecond));
  CHECK(text_of(decoder, kThird) == kThirdText);
}

TEST_CASE("hpack: malformed blocks lose the connection") {
  for (const char* hex :
       {"80", "be", "ff", "3fe21f", "8220", "00", "0001", "40ff", "8461", "0081ff00", "00810000"}) {
    CAPTURE(hex);
    Decoder decoder;
    CHECK(text_of(decoder, from_hex(hex)) == "broken");
    CHECK(text_of(decoder, kFirst) == "broken");
    decoder.pack();
    CHECK(text_of(decoder, kFirst) == "broken");
  }
}

TEST_CASE("hpack: a block decodes to at most 256 KiB") {
  const std::string entry = literal("a", std::string(kTableSize - kFieldOverhead - 1, 'v'));
  const std::size_t most = kMaxDecoded / kTableSize - 1;  // the literal counts, too
  Decoder decoder;
  Collected fields;
  CHECK(decoder.decode(entry + std::string(most, '\xbe'), fields));
  CHECK(fields.calls == most + 1);
  CHECK(decoder.skip(std::string(most + 1, '\xbe')));
  Collected more;
  CHECK(!decoder.decode(std::string(most + 2, '\xbe'), more));
  CHECK(more.calls == most + 1);
  CHECK(!decoder.skip(kFirst));
}

TEST_CASE("hpack: the bound holds for a block that nobody wants to see") {
  Decoder decoder;
  const std::size_t most = kMaxDecoded / (7 + 3 + kFieldOverhead);  // :method GET
  CHECK(decoder.skip(std::string(most, '\x82')));
  CHECK(!decoder.skip(std::string(most + 1, '\x82')));
}

TEST_CASE("hpack: a packed table is a block of literals, oldest first") {
  Decoder decoder;
  CHECK(decoder.is_packed());
  decoder.skip(kFirst);
  decoder.skip(kSecond);
  CHECK(!decoder.is_packed());
  CHECK(decoder.packed_bytes() == 0);
  decoder.pack();
  CHECK(decoder.is_packed());
  CHECK(decoder.table_bytes() == 110);
  CHECK(decoder.packed_bytes() == 3 + 10 + 15 + 3 + 13 + 8);
  decoder.pack();  // no effect
  CHECK(decoder.packed_bytes() == 52);
  CHECK(text_of(decoder, kThird) == kThirdText);
  CHECK(decoder.table_bytes() == 164);
  CHECK(decoder.packed_bytes() == 0);
}

TEST_CASE("hpack: an empty table packs to nothing") {
  Decoder decoder;
  CHECK(text_of(decoder, from_hex("8286")) == ":method=GET|:scheme=http|");
  decoder.pack();
  CHECK(decoder.packed_bytes() == 0);
  CHECK(text_of(decoder, kFirst) != "broken");
}

TEST_CASE("hpack: a packed table keeps the size that the peer has chosen") {
  Decoder decoder;
  CHECK(decoder.skip(from_hex("3fe10f") + literal("a", "b")));  // 2048
  decoder.pack();
  CHECK(decoder.packed_bytes() == 3 + 5);
  const std::string large = literal("c", std::string(2048 - 33, 'v'));
  CHECK(decoder.skip(large));
  CHECK(decoder.table_bytes() == 2048);  // "a" had to go
  decoder.pack();
  CHECK(decoder.skip(literal("d", "")));
  CHECK(decoder.table_bytes() == 33);  // and now "c"
}

TEST_CASE("hpack: packing after each block never shows") {
  Decoder whole;
  Decoder packed;
  std::uint32_t state = 1;
  const auto random = [&state](std::uint32_t below) {
    state = state * 1664525u + 1013904223u;
    return (state >> 8) % below;
  };
  std::size_t entries = 0;
  for (int i = 0; i < 3000; ++i) {
    std::string block;
    for (std::uint32_t fields = random(6); fields != 0; --fields) {
      if (random(3) == 0 || entries == 0) {
        block += literal(std::string(random(200), static_cast<char>('a' + random(26))),
                         std::string(random(400), static_cast<char>('0' + random(10))));
        entries = 1;
      } else {
        block += '\xbe';  // the newest entry
      }
    }
    REQUIRE(text_of(whole, block) == text_of(packed, block));
    REQUIRE(whole.table_bytes() == packed.table_bytes());
    packed.pack();
    REQUIRE(packed.table_bytes() == whole.table_bytes());
  }
  // At last, the whole of both tables.
  std::string all;
  for (std::size_t index = 62; all.size() < whole.table_bytes() / 632; ++index) {
    all += static_cast<char>(0x80 + index);
  }
  CHECK(text_of(whole, all) == text_of(packed, all));
}

TEST_CASE("hpack: the exact bytes of blocks") {
  Encoder encoder;
  CHECK(encoded(encoder, ":status", "200") == "88");
  CHECK(encoded(encoder, ":status", "404") == "8d");
  CHECK(encoded(encoder, ":status", "103") == "08820819");
}

TEST_CASE("hpack: the first block of an encoder is like every other") {
  Encoder encoder;
  const std::string first = encoded(encoder, "x-custom", "value");
  CHECK(first == encoded(encoder, "x-custom", "value"));
  CHECK(first == "0086f2b12d424f4f84ee3a2d2f");
}

TEST_CASE("hpack: names in lower case") {
  Encoder encoder;
  CHECK(encoded(encoder, "X-CUSTOM", "Value") == encoded(encoder, "x-custom", "Value"));
  CHECK(encoded(encoder, "X-CUSTOM", "Value") != encoded(encoder, "x-custom", "value"));
}

TEST_CASE("hpack: nobody may index secrets") {
  Encoder encoder;
  CHECK(encoded(encoder, "Set-Cookie", "a=b") == "1f2803613d62");
  CHECK(encoded(encoder, "Authorization", "x") == "1f080178");
  CHECK(encoded(encoder, "Server", "x") == "0f270178");
}

TEST_CASE("hpack: a block of many fields, of numbers, and behind other bytes") {
  Encoder encoder;
  std::string block = "before";
  encoder.add("dropped", "by begin");
  encoder.begin();
  std::string expected;
  for (int i = 0; i < 100; ++i) {
    encoder.add("n" + std::to_string(i), std::string(static_cast<std::size_t>(i), 'v'));
    expected += "n" + std::to_string(i) + "=" + std::string(static_cast<std::size_t>(i), 'v') + "|";
  }
  encoder.add_number("Content-Length", 18446744073709551615u);
  encoder.finish(block);
  CHECK(block.starts_with("before"));
  Decoder decoder;
  CHECK(text_of(decoder, std::string_view(block).substr(6)) ==
        expected + "content-length=18446744073709551615|");
  CHECK(decoder.table_bytes() == 0);
  std::string nothing;
  encoder.finish(nothing);
  CHECK(nothing == "");
}

TEST_CASE("hpack: kNoTable empties the table of the peer") {
  Decoder decoder;
  CHECK(decoder.skip(kFirst));
  CHECK(text_of(decoder, std::string(kNoTable) + "\x88") == ":status=200|");
  CHECK(decoder.table_bytes() == 0);
}
