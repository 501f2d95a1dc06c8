// Authorities and targets, in more detail than the whole requests of data/requests.
#include "worker/http/uri.h"

#include <doctest/doctest.h>

#include <cctype>
#include <string>
#include <string_view>

using namespace worker::http;

TEST_CASE("uri: valid authorities") {
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

TEST_CASE("uri: invalid authorities") {
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

TEST_CASE("uri: NUL is valid nowhere") {
  CHECK(!valid_authority(std::string_view("a\0b", 3)));
  Breaches breaches;
  CHECK(judge_path_query(std::string_view("/a\0b", 4), 10, breaches).reason == Reason::nul_byte);
}

namespace {

// "fine", or the codes of all broken rules with their offsets; relaxable rules in parentheses.
std::string judged(std::string_view path_query) {
  Breaches breaches;
  const Refusal refusal = judge_path_query(path_query, 0, breaches);
  std::string out;
  for (const Reason reason : kRelaxable) {
    if (!breaches.contains(reason)) continue;
    RuleSet others;
    for (const Reason other : kRelaxable) {
      if (other != reason) others.add(other);
    }
    out += "(" + std::string(info(reason).code) + " " +
           std::to_string(breaches.refusal(others).offset) + ")";
  }
  if (refusal) out += std::string(info(refusal.reason).code) + " " + std::to_string(refusal.offset);
  return out.empty() ? "fine" : out;
}

std::string encoded(std::string_view path_query, bool keep_bare) {
  std::string out;
  append_path_query(path_query, keep_bare, out);
  return out;
}

}  // namespace

TEST_CASE("uri: verdicts on targets") {
  CHECK(judged("/") == "fine");
  CHECK(judged("*") == "fine");
  CHECK(judged("/%41%ff?%0a") == "fine");
  CHECK(judged("/%4") == "(percent_encoding 1)");
  CHECK(judged("/%") == "(percent_encoding 1)");
  CHECK(judged("/a%g0%") == "(percent_encoding 2)");
  CHECK(judged("/a b") == "control_char 2");
  CHECK(judged("/a\rb") == "bare_cr 2");
  CHECK(judged("/\x7f") == "control_char 1");
  CHECK(judged("/a?b#c") == "target_fragment 4");
  // Braces may be in the query, but not in the path.
  CHECK(judged("/{?{") == "(target_char 1)");
  CHECK(judged("/?{}") == "fine");
  CHECK(judged("/?<%\xff#") == "(target_char 2)target_fragment 5");
  CHECK(judged("/%?%&%4#") == "(percent_encoding 1)target_fragment 7");
  CHECK(judged("/?%&%4&%zz&%u00e4") == "fine");
}

TEST_CASE("uri: every byte of a target is passed, encoded or refused") {
  const std::string_view always = "!$&'()*+,-./:;=?@_~";
  const std::string_view bare = "[]|^";
  const std::string_view bare_in_query = "\\`{}";
  const auto has = [](std::string_view bytes, char c) { return bytes.find(c) != bytes.npos; };
  for (const std::string before : {"/", "/?"}) {
    const bool query = before == "/?";
    for (int byte = 0; byte < 256; ++byte) {
      const char c = static_cast<char>(byte);
      const std::string target = before + c;
      CAPTURE(target);
      const bool is_fine = (byte < 128 && std::isalnum(byte) != 0) || has(always, c);
      const bool is_bare = has(bare, c) || (query && (has(bare_in_query, c) || c == '%'));
      const std::string at = " " + std::to_string(before.size());
      const std::string found = judged(target);
      CHECK((found == "fine") == (is_fine || is_bare));
      if (c == '%' && !query) CHECK(found == "(percent_encoding" + at + ")");
      if (c == '#') CHECK(found == "target_fragment" + at);
      if (has("\"<>", c) || byte >= 0x80) CHECK(found == "(target_char" + at + ")");
      if (has(bare_in_query, c) && !query) CHECK(found == "(target_char" + at + ")");
      CHECK((encoded(target, true) == target) == (is_fine || is_bare));
      CHECK((encoded(target, false) == target) == is_fine);
    }
  }
}

TEST_CASE("uri: an encoded byte means the original byte and is not encoded again") {
  CHECK(encoded("/a\"b?<c>\xc3\xa9", true) == "/a%22b?%3Cc%3E%C3%A9");
  CHECK(encoded("/100%?x=50%&y=%4", true) == "/100%25?x=50%&y=%4");
  CHECK(encoded("/100%?x=50%&y=%4", false) == "/100%25?x=50%25&y=%254");
  CHECK(encoded("/%41%zz%", true) == "/%41%25zz%25");
  CHECK(encoded("/a\\b?c\\d", true) == "/a%5Cb?c\\d");
  CHECK(encoded("/a\\b?c\\d", false) == "/a%5Cb?c%5Cd");
  CHECK(encoded(encoded("/<%\xff?{", false), false) == encoded("/<%\xff?{", false));
}

TEST_CASE("uri: authorities of the same server") {
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
