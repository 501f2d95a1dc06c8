// Authorities and targets, beyond what data/requests shows with whole requests.
#include "worker/http/uri.h"

#include <doctest/doctest.h>

#include <string>

using namespace worker::http;

TEST_CASE("uri: authorities that are valid") {
  for (const char* authority : {"a",
                                "a.b-c_d~e",
                                "a:",
                                "a:1",
                                "a:65535",
                                "a:00080",
                                "1.2.3.4",
                                "999.1.2.3",
                                "%41",
                                "!$&'()*+;=",
                                "[::]",
                                "[::1]",
                                "[1::]",
                                "[1:2:3:4:5:6:7:8]",
                                "[1:2:3:4:5:6:7::]",
                                "[::2:3:4:5:6:7:8]",
                                "[1::8]:80",
                                "[ABCD:ef01::]",
                                "[::1.2.3.4]",
                                "[1:2:3:4:5:6:1.2.3.4]",
                                "[::ffff:0.0.0.0]:"}) {
    CAPTURE(authority);
    CHECK(valid_authority(authority));
  }
}

TEST_CASE("uri: authorities that are not") {
  for (const char* authority : {"",
                                ":",
                                ":1",
                                "a:0",
                                "a:65536",
                                "a:100000",
                                "a:1:2",
                                "a:b",
                                "a b",
                                "a,b",
                                "a@b",
                                "a/b",
                                "a?b",
                                "a#b",
                                "a\\b",
                                "a%",
                                "a%4",
                                "a%4g",
                                "a%zz",
                                "\"a\"",
                                "<a>",
                                "a\tb",
                                "a\x7f",
                                "\xc3\xa9",
                                "[",
                                "[]",
                                "[:]",
                                "[:::]",
                                "[1]",
                                "[1:2:3:4:5:6:7]",
                                "[1:2:3:4:5:6:7:8:9]",
                                "[1:2:3:4:5:6:7:8::]",
                                "[1::2::3]",
                                "[12345::]",
                                "[g::]",
                                "[::1",
                                "::1",
                                "[::1]a",
                                "[::1]:x",
                                "[:1::2]",
                                "[1::2:]",
                                "[1:]",
                                "[::1.2.3]",
                                "[::1.2.3.4.5]",
                                "[::256.1.1.1]",
                                "[::01.1.1.1]",
                                "[1.2.3.4::]",
                                "[1:2:3:4:5:6:7:1.2.3.4]",
                                "[v1.x]",
                                "[fe80::1%eth0]",
                                "a[::1]"}) {
    CAPTURE(authority);
    CHECK(!valid_authority(authority));
  }
}

TEST_CASE("uri: NUL is nowhere valid") {
  CHECK(!valid_authority(std::string_view("a\0b", 3)));
  CHECK(first_bad_target_byte(std::string_view("/a\0b", 4)) == 2);
}

TEST_CASE("uri: the first bad byte of a target") {
  CHECK(first_bad_target_byte("/") == std::string_view::npos);
  CHECK(first_bad_target_byte("*") == std::string_view::npos);
  CHECK(first_bad_target_byte("/%41%ff?%0a") == std::string_view::npos);
  CHECK(first_bad_target_byte("/%4") == 1);
  CHECK(first_bad_target_byte("/%") == 1);
  CHECK(first_bad_target_byte("/a%g0") == 2);
  CHECK(first_bad_target_byte("/a b") == 2);
  // Braces: not in the path, but in the query.
  CHECK(first_bad_target_byte("/{?{") == 1);
  CHECK(first_bad_target_byte("/?{}") == std::string_view::npos);
}

TEST_CASE("uri: the same server") {
  CHECK(same_authority("a.example", "A.EXAMPLE", false));
  CHECK(same_authority("a:80", "a", false));
  CHECK(same_authority("a:", "a:80", false));
  CHECK(same_authority("a:443", "a", true));
  CHECK(!same_authority("a:80", "a", true));
  CHECK(!same_authority("a:443", "a", false));
  CHECK(!same_authority("a", "b", false));
  CHECK(!same_authority("a:8080", "a", false));
  CHECK(same_authority("[::1]:80", "[::1]", false));
}

TEST_CASE("uri: the host of an authority") {
  CHECK(host_of("a.example") == "a.example");
  CHECK(host_of("a.example:80") == "a.example");
  CHECK(host_of("a.example:") == "a.example");
  CHECK(host_of("[::1]") == "[::1]");
  CHECK(host_of("[::1]:80") == "[::1]");
  CHECK(host_of("") == "");
}
