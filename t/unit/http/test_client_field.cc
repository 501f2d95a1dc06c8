// Tests of http/client_field: what stands in the lists, from the right to the left.
#include "worker/http/client_field.h"

#include <doctest/doctest.h>

#include <string>

#include "t/unit/http/heads.h"

using namespace worker::http;

namespace {

const ClientField kFor{.kind = ClientField::Kind::x_forwarded_for};
const ClientField kForwarded{.kind = ClientField::Kind::forwarded};
const ClientField kSingle{.kind = ClientField::Kind::single, .name = "CF-Connecting-IP"};

// The hops in the order of the walk. "-" is hidden, "!" malformed.
std::string hops(const std::string& fields, const ClientField& wanted) {
  const http_heads::Request parsed("GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n");
  HopWalk walk(parsed.head.fields, wanted);
  std::string text;
  while (const auto hop = walk.next()) {
    if (!text.empty()) text += " ";
    switch (hop->kind) {
      case Hop::Kind::address:
        text += hop->address;
        break;
      case Hop::Kind::hidden:
        text += "-";
        break;
      case Hop::Kind::malformed:
        text += "!";
        break;
    }
  }
  return text;
}

std::string x_forwarded_for(const std::string& value) {
  return hops("X-Forwarded-For: " + value + "\r\n", kFor);
}

std::string forwarded(const std::string& value) {
  return hops("Forwarded: " + value + "\r\n", kForwarded);
}

}  // namespace

TEST_CASE("client_field: X-Forwarded-For from the right to the left") {
  CHECK(x_forwarded_for("192.0.2.1") == "192.0.2.1");
  CHECK(x_forwarded_for("192.0.2.1, 192.0.2.2,192.0.2.3\t,\t192.0.2.4") ==
        "192.0.2.4 192.0.2.3 192.0.2.2 192.0.2.1");
  CHECK(x_forwarded_for("") == "");
  CHECK(x_forwarded_for(", ,192.0.2.1,,") == "192.0.2.1");
  CHECK(x_forwarded_for(",") == "");
  CHECK(x_forwarded_for("what ever") == "what ever");
  CHECK(hops("", kFor) == "");
}

TEST_CASE("client_field: several fields are one list") {
  CHECK(hops("X-Forwarded-For: a, b\r\nX-Other: x\r\nx-forwarded-for: c\r\nX-Forwarded-For:\r\n"
             "X_Forwarded_For: d\r\nX-FORWARDED-FOR: e,f\r\n",
             kFor) == "f e c b a");
  CHECK(hops("Forwarded: for=a, for=b\r\nX-Forwarded-For: x\r\nforwarded: for=c\r\n", kForwarded) ==
        "c b a");
}

TEST_CASE("client_field: ports and brackets") {
  CHECK(x_forwarded_for("192.0.2.1:80") == "192.0.2.1");
  CHECK(x_forwarded_for("192.0.2.1:65535") == "192.0.2.1");
  CHECK(x_forwarded_for("2001:db8::1") == "2001:db8::1");
  CHECK(x_forwarded_for("[2001:db8::1]") == "2001:db8::1");
  CHECK(x_forwarded_for("[2001:db8::1]:443") == "2001:db8::1");
  for (const char* faulty : {"192.0.2.1:", "192.0.2.1:x", "192.0.2.1:123456", "192.0.2.1:-1", "[",
                             "[]", "[192.0.2.1]", "[2001:db8::1", "[2001:db8::1]443",
                             "[2001:db8::1]:", "[2001:db8::1]:x", "[2001:db8::1]x"}) {
    CHECK_MESSAGE(x_forwarded_for(faulty) == "!", faulty);
  }
}

TEST_CASE("client_field: Forwarded of RFC 7239") {
  CHECK(forwarded("for=192.0.2.1") == "192.0.2.1");
  CHECK(forwarded("For=\"[2001:db8:cafe::17]:4711\"") == "2001:db8:cafe::17");
  CHECK(forwarded("for=192.0.2.60;proto=http;by=203.0.113.43") == "192.0.2.60");
  CHECK(forwarded("for=192.0.2.43, for=198.51.100.17") == "198.51.100.17 192.0.2.43");
  CHECK(forwarded("by=203.0.113.43;FOR=\"192.0.2.1:80\";host=\"a,b;c\\\"d\"") == "192.0.2.1");
  CHECK(forwarded("for=\"_gazonk\"") == "-");
  CHECK(forwarded("for=unknown, for=UNKNOWN") == "- -");
  CHECK(forwarded("for=_hidden:80, for=\"192.0.2.1:_port\"") == "192.0.2.1 -");
  CHECK(forwarded("proto=https") == "-");
  CHECK(forwarded("for=192.0.2.1 ; proto=http") == "192.0.2.1");
  CHECK(forwarded("for=192.0.2.1:80") == "192.0.2.1");
  CHECK(forwarded("for=[2001:db8::1]") == "2001:db8::1");
}

TEST_CASE("client_field: malformed elements of Forwarded") {
  for (const char* faulty :
       {"192.0.2.1", "for", "for=", "=192.0.2.1", "for=192.0.2.1;", "for=192.0.2.1;;proto=http",
        "for =192.0.2.1", "for= 192.0.2.1", "for=192.0.2.1 x", "for=192.0.2.1;for=192.0.2.1",
        "for=\"192.0.2.1", "for=192.0.2.1\"", "for=\"192.0.2.1\"x", "for=\"192.0.2.1\\\"",
        "for=192.0.2.1;proto", "for=192.0.2.1;pro to=http", "for=192.0.2.1:x", "f\"or=192.0.2.1"}) {
    CHECK_MESSAGE(forwarded(faulty) == "!", faulty);
  }
}

TEST_CASE("client_field: what stands on the left does not change how the right is read") {
  for (const char* left : {"for=\"", "\"", "for=\"a\\", "\\", ",\"", "for=\"x, for=1.1.1.1", "x"}) {
    for (const char* right : {"for=192.0.2.9", "for=\"192.0.2.9\"", "for=\"192.0.2.9:1\";proto=a",
                              "host=\"a,\\\"b\";for=192.0.2.9"}) {
      const std::string found = forwarded(std::string(left) + ", " + right);
      CHECK_MESSAGE(found.starts_with("192.0.2.9 "), left, " ", right, " ", found);
    }
  }
}

TEST_CASE("client_field: a field with one address") {
  CHECK(hops("CF-Connecting-IP: 192.0.2.1\r\n", kSingle) == "192.0.2.1");
  CHECK(hops("cf-connecting-ip: [2001:db8::1]:80\r\n", kSingle) == "2001:db8::1");
  CHECK(hops("X-Forwarded-For: 192.0.2.1\r\nCF_Connecting_IP: 192.0.2.1\r\n", kSingle) == "");
  CHECK(hops("CF-Connecting-IP:\r\n", kSingle) == "");
  CHECK(hops("CF-Connecting-IP: 192.0.2.1\r\nCf-Connecting-Ip: 192.0.2.1\r\n", kSingle) == "!");
  CHECK(hops("CF-Connecting-IP: 192.0.2.1, 192.0.2.2\r\n", kSingle) == "192.0.2.1, 192.0.2.2");
}

TEST_CASE("client_field: whether an element can be added") {
  const auto can_extend = [](const std::string& value) {
    const http_heads::Request parsed("GET / HTTP/1.1\r\nHost: a\r\nForwarded: " + value +
                                     "\r\nForwarded: for=192.0.2.1\r\n\r\n");
    return can_extend_forwarded(parsed.head.fields);
  };
  CHECK(can_extend(""));
  CHECK(can_extend("for=unknown, proto=http"));
  CHECK(can_extend("for=\"[2001:db8::1]\""));
  CHECK(!can_extend("for=\""));
  CHECK(!can_extend("192.0.2.1, for=192.0.2.1"));
}

TEST_CASE("client_field: one element of Forwarded") {
  CHECK(forwarded_element("192.0.2.1", "http", "") == "for=192.0.2.1;proto=http");
  CHECK(forwarded_element("192.0.2.1", "https", "www.example.com") ==
        "for=192.0.2.1;proto=https;host=www.example.com");
  CHECK(forwarded_element("2001:db8::1", "https", "[2001:db8::2]:443") ==
        "for=\"[2001:db8::1]\";proto=https;host=\"[2001:db8::2]:443\"");
  CHECK(forwarded(forwarded_element("2001:db8::1", "https", "a:80")) == "2001:db8::1");
}
