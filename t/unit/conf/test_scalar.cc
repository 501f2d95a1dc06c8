// Tests of conf/scalar: numbers, null and letter case.
#include <doctest/doctest.h>

#include <limits>

#include "conf/scalar.h"

TEST_CASE("scalar: whole numbers") {
  CHECK(conf::parse_whole_number("0") == 0);
  CHECK(conf::parse_whole_number("080") == 80);
  CHECK(conf::parse_whole_number("9223372036854775806") == 9223372036854775806);
  CHECK(conf::parse_whole_number("9223372036854775807") == 9223372036854775807);
  CHECK(conf::parse_whole_number("9223372036854775808") ==
        std::numeric_limits<std::int64_t>::max());
  CHECK(conf::parse_whole_number(std::string(1000, '9')) ==
        std::numeric_limits<std::int64_t>::max());
  for (const char* text : {"", "-1", "+1", "1.0", "1e3", "0x10", " 1", "1 ", "1s", "1_000"}) {
    CHECK_FALSE(conf::parse_whole_number(text));
  }
}

TEST_CASE("scalar: bytes with an optional unit") {
  CHECK(conf::parse_bytes("0") == 0);
  CHECK(conf::parse_bytes("8192") == 8192);
  CHECK(conf::parse_bytes("8K") == 8192);
  CHECK(conf::parse_bytes("8k") == 8192);
  CHECK(conf::parse_bytes("10M") == 10'485'760);
  CHECK(conf::parse_bytes("2G") == std::int64_t{2} << 30);
  CHECK(conf::parse_bytes("3T") == std::int64_t{3} << 40);
  CHECK(conf::parse_bytes("8388607T") == std::int64_t{8388607} << 40);
  constexpr std::int64_t kLargest = std::numeric_limits<std::int64_t>::max();
  CHECK(conf::parse_bytes("8388608T") == kLargest);
  CHECK(conf::parse_bytes("99999999999999999999K") == kLargest);
  for (const char* text : {"", "K", "8KB", "8 K", "8KK", "-1", "+1", "1.5M", "0x10", "8P", "K8"}) {
    CHECK_FALSE(conf::parse_bytes(text));
  }
}

TEST_CASE("scalar: the text of a number of bytes") {
  CHECK(conf::bytes_text(0) == "0");
  CHECK(conf::bytes_text(1023) == "1023");
  CHECK(conf::bytes_text(1024) == "1K");
  CHECK(conf::bytes_text(1025) == "1025");
  CHECK(conf::bytes_text(65536) == "64K");
  CHECK(conf::bytes_text(std::int64_t{1} << 20) == "1M");
  CHECK(conf::bytes_text(std::int64_t{1} << 50) == "1024T");
}

TEST_CASE("scalar: null") {
  for (const char* text : {"", "~", "null", "Null", "NULL"}) CHECK(conf::is_null(text));
  for (const char* text : {"nULL", "none", "0", "~~", " "}) CHECK_FALSE(conf::is_null(text));
}

TEST_CASE("scalar: only ASCII letters have letter cases") {
  CHECK(conf::to_lower(std::string_view("AZ[\xc3\x89")) == "az[\xc3\x89");
  CHECK(conf::equal_ignoring_case("TimeOut", "timeOUT"));
  CHECK_FALSE(conf::equal_ignoring_case("TimeOut", "TimeOu"));
  CHECK_FALSE(conf::equal_ignoring_case("@", "`"));
}

TEST_CASE("scalar: tokens") {
  for (const char* text : {"a", "Z9", "!#$%&'*+-.^_`|~", "__Host-sess"}) {
    CHECK(conf::is_token(text));
  }
  for (const char* text :
       {"", " ", "a b", "a=b", "a:", "a;", "a,b", "\"a\"", "(a)", "\xc3\xa9", "\t"}) {
    CHECK_FALSE(conf::is_token(text));
  }
  CHECK_FALSE(conf::is_token(std::string_view("a\0", 2)));
}

TEST_CASE("scalar: control bytes") {
  CHECK(conf::has_control_byte(std::string_view("a\0", 2)));
  CHECK(conf::has_control_byte("\n"));
  CHECK(conf::has_control_byte("\x1f"));
  CHECK(conf::has_control_byte("\x7f"));
  CHECK_FALSE(conf::has_control_byte("\t \x80\xff"));
}
