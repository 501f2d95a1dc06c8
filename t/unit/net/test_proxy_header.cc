// Version 1 of the PROXY protocol, and what belongs to no version.
#include "worker/net/proxy_header.h"

#include "t/unit/net/proxy_headers.h"

using namespace std::string_view_literals;
using proxy_headers::check;
using proxy_headers::verdict;

namespace {

struct Case {
  std::string_view bytes;
  std::string_view expected;
};

constexpr std::string_view kStart = "bad: does not begin as one of the PROXY protocol";
constexpr std::string_view kEnd = "bad: does not end with CR and LF";
constexpr std::string_view kLong = "bad: has no end within 107 bytes";
constexpr std::string_view kProtocol = "bad: names neither TCP4, TCP6 nor UNKNOWN";
constexpr std::string_view kSource = "bad: has no valid source address";
constexpr std::string_view kDestination = "bad: has no valid destination address";
constexpr std::string_view kSourcePort = "bad: has no valid source port";
constexpr std::string_view kDestinationPort = "bad: has no valid destination port";

constexpr Case kValid[] = {
    {"PROXY TCP4 192.0.2.7 198.51.100.1 56324 443\r\n", "192.0.2.7:56324 in 45"},
    {"PROXY TCP4 0.0.0.0 0.0.0.0 0 0\r\n", "0.0.0.0:0 in 32"},
    {"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n", "255.255.255.255:65535 in 56"},
    {"PROXY TCP4 1.2.3.4 1.2.3.4 1 1\r\n", "1.2.3.4:1 in 32"},
    {"PROXY TCP6 2001:db8::7 2001:db8::1 56324 443\r\n", "[2001:db8::7]:56324 in 46"},
    {"PROXY TCP6 2001:DB8::A 2001:db8::1 5 6\r\n", "[2001:db8::a]:5 in 40"},
    {"PROXY TCP6 :: :: 0 0\r\n", "[::]:0 in 22"},
    {"PROXY TCP6 ::1 ::1 1 2\r\n", "[::1]:1 in 24"},
    {"PROXY TCP6 1:: 2:: 1 2\r\n", "[1::]:1 in 24"},
    {"PROXY TCP6 1:2:3:4:5:6:7:8 1:2:3:4:5:6:7:9 1 2\r\n", "[1:2:3:4:5:6:7:8]:1 in 48"},
    {"PROXY TCP6 0001:0002:0003:0004:0005:0006:0007:0008 ::1 1 2\r\n", "[1:2:3:4:5:6:7:8]:1 in 60"},
    {"PROXY TCP6 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
     "65535 65535\r\n",
     "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535 in 104"},
    // How a dual-stack socket of the sender names an IPv4 client.
    {"PROXY TCP6 ::ffff:192.0.2.7 ::ffff:192.0.2.1 5 6\r\n", "192.0.2.7:5 in 50"},
    {"PROXY TCP6 ::ffff:c000:207 ::1 5 6\r\n", "192.0.2.7:5 in 36"},
    {"PROXY TCP6 ::192.0.2.7 ::1 5 6\r\n", "[::192.0.2.7]:5 in 32"},
    {"PROXY UNKNOWN\r\n", "the peer in 15"},
    {"PROXY UNKNOWN \r\n", "the peer in 16"},
    {"PROXY UNKNOWN 192.0.2.7 198.51.100.1 56324 443\r\n", "the peer in 48"},
    {"PROXY UNKNOWN  what ever \t \xff\0\x7f it says\r\n"sv, "the peer in 40"},
    {"PROXY UNKNOWN ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff "
     "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 65535 65535\r\n",
     "the peer in 107"},
};

constexpr Case kBadStart[] = {
    {"\n", kStart},
    {"\0"sv, kStart},
    {" PROXY TCP4 1.2.3.4 1.2.3.4 1 1\r\n", kStart},
    {"proxy TCP4 1.2.3.4 1.2.3.4 1 1\r\n", kStart},
    {"Proxy TCP4 1.2.3.4 1.2.3.4 1 1\r\n", kStart},
    {"PROXY\tTCP4 1.2.3.4 1.2.3.4 1 1\r\n", kStart},
    {"PROXY\r\n", kStart},
    {"PROXYTCP4 1.2.3.4 1.2.3.4 1 1\r\n", kStart},
    {"PROXX TCP4", kStart},
    {"\r\nPROXY TCP4 1.2.3.4 1.2.3.4 1 1\r\n", kStart},
    {"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n", kStart},
    {"POST / HTTP/1.1\r\n\r\n", kStart},
    {"PROPFIND / HTTP/1.1\r\n\r\n", kStart},
    {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", kStart},
    {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"sv, kStart},
};

constexpr Case kBadLine[] = {
    {"PROXY \n", kEnd},
    {"PROXY \r\n", kProtocol},
    {"PROXY  TCP4 1.2.3.4 1.2.3.4 1 1\r\n", kProtocol},
    {"PROXY TCP 1.2.3.4 1.2.3.4 1 1\r\n", kProtocol},
    {"PROXY TCP5 1.2.3.4 1.2.3.4 1 1\r\n", kProtocol},
    {"PROXY TCP44 1.2.3.4 1.2.3.4 1 1\r\n", kProtocol},
    {"PROXY tcp4 1.2.3.4 1.2.3.4 1 1\r\n", kProtocol},
    {"PROXY UDP4 1.2.3.4 1.2.3.4 1 1\r\n", kProtocol},
    {"PROXY UNKNOWNS\r\n", kProtocol},
    {"PROXY UNKNOW\r\n", kProtocol},
    {"PROXY unknown\r\n", kProtocol},
    {"PROXY UNKNOWN\t\r\n", kProtocol},
    {"PROXY UNKNOWN\0\r\n"sv, kProtocol},
    {"PROXY 1.2.3.4 1.2.3.4 1 1\r\n", kProtocol},
    {"PROXY TCP4 1.2.3.4 1.2.3.4 1 1\n", kEnd},
    {"PROXY TCP4 1.2.3.4 1.2.3.4 1 1\r\r\n", kEnd},
    {"PROXY TCP4 1.2.3.4 1.2.3.4 1 1\rX\r\n", kEnd},
    {"PROXY TCP4\r 1.2.3.4 1.2.3.4 1 1\r\n", kEnd},
    {"PROXY TCP4 1.2.3.4 1.2.3.4 1 1\n\r\n", kEnd},
    {"PROXY UNKNOWN\n", kEnd},
    {"PROXY UNKNOWN a\rb\r\n", kEnd},
    {"PROXY UNKNOWN a\nb\r\n", kEnd},
};

constexpr Case kBadFields[] = {
    {"PROXY TCP4\r\n", kSource},
    {"PROXY TCP4 \r\n", kSource},
    {"PROXY TCP4  1.2.3.4 1.2.3.4 1 1\r\n", kSource},
    {"PROXY TCP4 1.2.3 1.2.3.4 1 1\r\n", kSource},
    {"PROXY TCP4 1.2.3.4.5 1.2.3.4 1 1\r\n", kSource},
    {"PROXY TCP4 1.2.3.256 1.2.3.4 1 1\r\n", kSource},
    {"PROXY TCP4 01.2.3.4 1.2.3.4 1 1\r\n", kSource},
    {"PROXY TCP4 1.2.3.00 1.2.3.4 1 1\r\n", kSource},
    {"PROXY TCP4 0x1.2.3.4 1.2.3.4 1 1\r\n", kSource},
    {"PROXY TCP4 16909060 1.2.3.4 1 1\r\n", kSource},
    {"PROXY TCP4 1.2.3.-4 1.2.3.4 1 1\r\n", kSource},
    {"PROXY TCP4 +1.2.3.4 1.2.3.4 1 1\r\n", kSource},
    {"PROXY TCP4 1..3.4 1.2.3.4 1 1\r\n", kSource},
    {"PROXY TCP4 1.2.3.4\0 1.2.3.4 1 1\r\n"sv, kSource},
    {"PROXY TCP4 1.2.3.4:80 1.2.3.4 1 1\r\n", kSource},
    {"PROXY TCP4 localhost 1.2.3.4 1 1\r\n", kSource},
    {"PROXY TCP4 ::1 ::1 1 1\r\n", kSource},
    {"PROXY TCP4 ::ffff:1.2.3.4 1.2.3.4 1 1\r\n", kSource},
    {"PROXY TCP6 1.2.3.4 1.2.3.4 1 1\r\n", kSource},
    {"PROXY TCP6 [::1] ::1 1 1\r\n", kSource},
    {"PROXY TCP6 fe80::1%eth0 ::1 1 1\r\n", kSource},
    {"PROXY TCP6 1::2::3 ::1 1 1\r\n", kSource},
    {"PROXY TCP6 1:2:3:4:5:6:7 ::1 1 1\r\n", kSource},
    {"PROXY TCP6 1:2:3:4:5:6:7:8:9 ::1 1 1\r\n", kSource},
    {"PROXY TCP6 12345::1 ::1 1 1\r\n", kSource},
    {"PROXY TCP6 ::g ::1 1 1\r\n", kSource},
    {"PROXY TCP6 : ::1 1 1\r\n", kSource},
    {"PROXY TCP6 ::: ::1 1 1\r\n", kSource},
    {"PROXY TCP6 1: ::1 1 1\r\n", kSource},
    {"PROXY TCP6 ::ffff:1.2.3 ::1 1 1\r\n", kSource},
    {"PROXY TCP6 0000:0000:0000:0000:0000:0000:0000:0000:0000:0000 ::1 1 1\r\n", kSource},
    {"PROXY TCP4 1.2.3.4\r\n", kDestination},
    {"PROXY TCP4 1.2.3.4  1.2.3.4 1 1\r\n", kDestination},
    {"PROXY TCP4 1.2.3.4 1.2.3.04 1 1\r\n", kDestination},
    {"PROXY TCP4 1.2.3.4 ::1 1 1\r\n", kDestination},
    {"PROXY TCP6 ::1 1.2.3.4 1 1\r\n", kDestination},
    {"PROXY TCP6 ::1 [::1] 1 1\r\n", kDestination},
    {"PROXY TCP4 1.2.3.4 1.2.3.4\r\n", kSourcePort},
    {"PROXY TCP4 1.2.3.4 1.2.3.4  1 1\r\n", kSourcePort},
    {"PROXY TCP4 1.2.3.4 1.2.3.4 65536 1\r\n", kSourcePort},
    {"PROXY TCP4 1.2.3.4 1.2.3.4 99999999999999999999 1\r\n", kSourcePort},
    {"PROXY TCP4 1.2.3.4 1.2.3.4 01 1\r\n", kSourcePort},
    {"PROXY TCP4 1.2.3.4 1.2.3.4 00 1\r\n", kSourcePort},
    {"PROXY TCP4 1.2.3.4 1.2.3.4 -1 1\r\n", kSourcePort},
    {"PROXY TCP4 1.2.3.4 1.2.3.4 +1 1\r\n", kSourcePort},
    {"PROXY TCP4 1.2.3.4 1.2.3.4 1x 1\r\n", kSourcePort},
    {"PROXY TCP4 1.2.3.4 1.2.3.4 0x50 1\r\n", kSourcePort},
    {"PROXY TCP4 1.2.3.4 1.2.3.4 \xd9\xa1 1\r\n", kSourcePort},
    {"PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n", kDestinationPort},
    {"PROXY TCP4 1.2.3.4 1.2.3.4 1 \r\n", kDestinationPort},
    {"PROXY TCP4 1.2.3.4 1.2.3.4 1  1\r\n", kDestinationPort},
    {"PROXY TCP4 1.2.3.4 1.2.3.4 1 1 \r\n", kDestinationPort},
    {"PROXY TCP4 1.2.3.4 1.2.3.4 1 1 1\r\n", kDestinationPort},
    {"PROXY TCP4 1.2.3.4 1.2.3.4 1 1\t\r\n", kDestinationPort},
    {"PROXY TCP4 1.2.3.4 1.2.3.4 1 1\0\r\n"sv, kDestinationPort},
    {"PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n", kDestinationPort},
    {"PROXY TCP4 1.2.3.4 1.2.3.4 1 01\r\n", kDestinationPort},
};

template <std::size_t size>
void check_all(const Case (&cases)[size]) {
  for (const Case& one : cases) check(one.bytes, one.expected);
}

}  // namespace

TEST_CASE("proxy header 1: valid lines") { check_all(kValid); }

TEST_CASE("proxy header: something else is refused at its first wrong byte") {
  check_all(kBadStart);
  CHECK(verdict("P") == "incomplete");
  CHECK(verdict("PROXY") == "incomplete");
  CHECK(verdict("PROXYT") == kStart);
  CHECK(verdict("G") == kStart);
  CHECK(verdict("\x16") == kStart);
  CHECK(verdict("PRI") == kStart);
}

TEST_CASE("proxy header 1: lines that are none") { check_all(kBadLine); }

TEST_CASE("proxy header 1: addresses and ports that are none") { check_all(kBadFields); }

TEST_CASE("proxy header 1: a line has at most 107 bytes") {
  const std::string start = "PROXY UNKNOWN ";
  check(start + std::string(91, 'x') + "\r\n", "the peer in 107");
  check(start + std::string(92, 'x') + "\r\n", kLong);
  check(start + std::string(4096, 'x'), kLong);
  check(start + std::string(93, 'x'), kLong);
  check(start + std::string(92, 'x'), "incomplete");
  check(start + std::string(92, 'x') + "\r", kLong);
}

TEST_CASE("proxy header: no byte decides nothing") { CHECK(verdict("") == "incomplete"); }
