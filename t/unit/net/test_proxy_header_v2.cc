// Version 2 of the PROXY protocol, and its checksum.
#include "t/unit/net/proxy_headers.h"
#include "worker/net/crc32c.h"
#include "worker/net/proxy_header.h"

using namespace std::string_literals;
using namespace std::string_view_literals;
using proxy_headers::check;
using proxy_headers::verdict;

namespace {

enum Command : unsigned char { kLocal = 0x20, kProxy = 0x21 };

constexpr std::string_view kSignature = "\r\n\r\n\0\r\nQUIT\n"sv;
// 192.0.2.7:5000 to 198.51.100.1:443
constexpr std::string_view kIpv4 = "\xc0\x00\x02\x07\xc6\x33\x64\x01\x13\x88\x01\xbb"sv;

constexpr const char* kStart = "bad: does not begin as one of the PROXY protocol";
constexpr const char* kVersion = "bad: has an unknown version";
constexpr const char* kCommand = "bad: has an unknown command";
constexpr const char* kKind = "bad: is not for a stream of IPv4, IPv6 or a Unix socket";
constexpr const char* kShort = "bad: is too short for its addresses";
constexpr const char* kTlv = "bad: ends within a TLV";
constexpr const char* kMalformedSum = "bad: has a malformed checksum";
constexpr const char* kWrongSum = "bad: has a wrong checksum";

std::string two_bytes(std::size_t number) {
  return {static_cast<char>(number >> 8), static_cast<char>(number)};
}

std::string header(unsigned char command, unsigned char kind, std::string_view block) {
  std::string out(kSignature);
  out += static_cast<char>(command);
  out += static_cast<char>(kind);
  return out + two_bytes(block.size()) + std::string(block);
}

std::string tlv(unsigned char type, std::string_view value) {
  return static_cast<char>(type) + two_bytes(value.size()) + std::string(value);
}

// 16 bytes each of two addresses of IPv6, and the ports 5000 and 443.
std::string ipv6(std::string_view source) {
  return std::string(source) + std::string(15, '\0') + "\x01" + "\x13\x88\x01\xbb";
}

const std::string kSource6 = "\x20\x01\x0d\xb8"s + std::string(11, '\0') + "\x07";
const std::string kTcp4 = header(kProxy, 0x11, kIpv4);

// With a correct checksum in the four zeros at `at`.
std::string summed(std::string bytes, std::size_t at) {
  const std::uint32_t sum = worker::net::crc32c(bytes);
  for (unsigned i = 0; i < 4; ++i) bytes[at + i] = static_cast<char>(sum >> (24 - 8 * i));
  return bytes;
}

}  // namespace

TEST_CASE("crc32c: the examples of RFC 3720 B.4") {
  std::string ascending;
  for (char c = 0; c < 32; ++c) ascending += c;
  const std::string descending(ascending.rbegin(), ascending.rend());
  CHECK(worker::net::crc32c("") == 0);
  CHECK(worker::net::crc32c("123456789") == 0xe3069283);
  CHECK(worker::net::crc32c(std::string(32, '\0')) == 0x8a9136aa);
  CHECK(worker::net::crc32c(std::string(32, '\xff')) == 0x62a8ab43);
  CHECK(worker::net::crc32c(ascending) == 0x46dd794e);
  CHECK(worker::net::crc32c(descending) == 0x113fdb5c);
  CHECK(worker::net::crc32c("6789", worker::net::crc32c("12345")) == 0xe3069283);
}

TEST_CASE("proxy header 2: addresses") {
  check(kTcp4, "192.0.2.7:5000 in 28");
  check(header(kProxy, 0x21, ipv6(kSource6)), "[2001:db8::7]:5000 in 52");
  check(header(kProxy, 0x21, std::string(36, '\0')), "[::]:0 in 52");
  check(header(kProxy, 0x11, std::string(12, '\xff')), "255.255.255.255:65535 in 28");
  const std::string mapped = std::string(10, '\0') + "\xff\xff\xc0\x00\x02\x07"s;
  check(header(kProxy, 0x21, ipv6(mapped)), "192.0.2.7:5000 in 52");
  const std::string compatible = std::string(12, '\0') + "\xc0\x00\x02\x07"s;
  check(header(kProxy, 0x21, ipv6(compatible)), "[::192.0.2.7]:5000 in 52");
}

TEST_CASE("proxy header 2: headers that do not speak for a client") {
  check(header(kLocal, 0x00, ""), "the peer in 16");
  check(header(kProxy, 0x00, ""), "the peer in 16");
  check(header(kProxy, 0x31, std::string(216, 'x')), "the peer in 232");
  // Neither the block nor the family of LOCAL counts.
  check(header(kLocal, 0x11, kIpv4), "the peer in 28");
  check(header(kLocal, 0x11, ""), "the peer in 16");
  check(header(kLocal, 0x12, "x"), "the peer in 17");
  check(header(kLocal, 0xff, std::string(4096, '\xff')), "the peer in 4112");
  check(header(kLocal, 0x00, tlv(3, "1234")), "the peer in 23");
  check(header(kProxy, 0x00, std::string(4096, '\xff')), "the peer in 4112");
}

TEST_CASE("proxy header 2: the prologue") {
  for (std::size_t i = 0; i < kSignature.size(); ++i) {
    std::string wrong = kTcp4;
    wrong[i] = static_cast<char>(wrong[i] ^ 1);
    check(wrong, kStart);
    CHECK(verdict(wrong.substr(0, i)) == "incomplete");
    CHECK(verdict(wrong.substr(0, i + 1)) == kStart);
  }
  for (const unsigned char command : {0x00, 0x01, 0x10, 0x11, 0x30, 0x31, 0xf1}) {
    check(header(command, 0x11, kIpv4), kVersion);
  }
  for (const unsigned char command : {0x22, 0x23, 0x2f})
    check(header(command, 0x11, kIpv4), kCommand);
  for (const unsigned char kind : {0x01, 0x02, 0x03, 0x10, 0x12, 0x13, 0x20, 0x22, 0x23, 0x30, 0x32,
                                   0x33, 0x40, 0x41, 0xf1, 0xff}) {
    CAPTURE(+kind);
    check(header(kProxy, kind, std::string(216, '\0')), kKind);
  }
  // The first wrong byte decides.
  CHECK(verdict(std::string(kSignature) + "\x11") == kVersion);
  CHECK(verdict(std::string(kSignature) + "\x22") == kCommand);
  CHECK(verdict(std::string(kSignature) + "\x21\x12") == kKind);
  CHECK(verdict(std::string(kSignature) + "\x20\x12") == "incomplete");
}

TEST_CASE("proxy header 2: lengths") {
  for (const std::size_t size : {0, 1, 4, 11}) {
    check(header(kProxy, 0x11, kIpv4.substr(0, size)), kShort);
  }
  for (const std::size_t size : {0, 12, 35}) {
    check(header(kProxy, 0x21, std::string(size, '\0')), kShort);
  }
  for (const std::size_t size : {0, 108, 215}) {
    check(header(kProxy, 0x31, std::string(size, '\0')), kShort);
  }
  const std::string full = std::string(kIpv4) + tlv(4, std::string(4096 - 12 - 3, '\0'));
  check(header(kProxy, 0x11, full), "192.0.2.7:5000 in 4112");
  for (const unsigned char command : {kLocal, kProxy}) {
    for (const std::size_t length : {4097, 65535}) {
      const std::string prologue = header(command, 0x11, "").substr(0, 14) + two_bytes(length);
      check(prologue, "bad: is longer than 16 + 4096 bytes");
    }
  }
  check(kTcp4.substr(0, 27), "incomplete");
  check(header(kLocal, 0x00, "1234").substr(0, 19), "incomplete");
}

TEST_CASE("proxy header 2: TLVs are skipped, and their lengths add up") {
  const auto with = [](const std::string& tlvs) {
    return header(kProxy, 0x11, std::string(kIpv4) + tlvs);
  };
  check(with(tlv(4, "")), "192.0.2.7:5000 in 31");
  check(with(tlv(1, "h2") + tlv(2, "a.test") + tlv(5, std::string(128, 'i'))),
        "192.0.2.7:5000 in 173");
  check(with(tlv(0x20, "\x01\0\0\0\0"s + tlv(0x21, "TLSv1.3")) + tlv(0xea, "vpce")),
        "192.0.2.7:5000 in 53");
  check(with(tlv(0, "") + tlv(0xff, "x")), "192.0.2.7:5000 in 35");
  check(with(tlv(4, "") + tlv(4, "")), "192.0.2.7:5000 in 34");
  check(header(kProxy, 0x21, ipv6(kSource6) + tlv(1, "h2")), "[2001:db8::7]:5000 in 57");
  check(header(kProxy, 0x31, std::string(216, 'x') + tlv(1, "h2")), "the peer in 237");
  check(with("\x04"), kTlv);
  check(with("\x04\0"s), kTlv);
  check(with("\x04\0\x01"s), kTlv);
  check(with("\x04\xff\xff"s), kTlv);
  check(with(tlv(4, "") + "\x04\0\x02x"s), kTlv);
  check(with(tlv(4, "") + "\0"s), kTlv);
  check(header(kProxy, 0x31, std::string(217, 'x')), kTlv);
}

TEST_CASE("proxy header 2: a checksum is verified") {
  const std::string zeros(4, '\0');
  const std::string last = header(kProxy, 0x11, std::string(kIpv4) + tlv(3, zeros));
  const std::string good = summed(last, 31);
  check(good, "192.0.2.7:5000 in 35");
  // Computed with another program.
  CHECK(good.substr(31) == "\x99\x8a\x61\x35");
  check(last, kWrongSum);
  for (std::size_t i = 16; i < good.size(); ++i) {
    if (i >= 28 && i < 31) continue;  // type and length
    std::string wrong = good;
    wrong[i] = static_cast<char>(wrong[i] ^ 0x10);
    check(wrong, kWrongSum);
  }
  const std::string first =
      header(kProxy, 0x21, ipv6(kSource6) + tlv(4, "xy") + tlv(3, zeros) + tlv(1, "http/1.1"));
  check(summed(first, 60), "[2001:db8::7]:5000 in 75");
  check(first, kWrongSum);
  for (const std::size_t size : {0, 3, 5}) {
    check(header(kProxy, 0x11, std::string(kIpv4) + tlv(3, std::string(size, '\0'))),
          kMalformedSum);
  }
  const std::string twice =
      header(kProxy, 0x11, std::string(kIpv4) + tlv(3, zeros) + tlv(3, zeros));
  check(twice, kMalformedSum);
}
