// Tests of conf/yaml_advice: both slips, and what is none. That the advice works: test_advice.cc.
#include "conf/yaml_advice.h"

#include <doctest/doctest.h>

namespace {

// `|` marks where the parser gave up. The message and its offset, or nothing.
std::string advice(std::string text) {
  const std::size_t mark = text.find('|');
  text.erase(mark, 1);
  const auto found = conf::yaml_advice(text, mark);
  return found ? std::to_string(found->offset) + ": " + found->message : "";
}

}  // namespace

TEST_CASE("yaml_advice: IPv6 addresses without quotes") {
  CHECK(advice("Address: :|:\n") == "9: an IPv6 address needs quotes here; write \"::\"");
  CHECK(advice("{Address: |::1, Port: 1}") ==
        "10: an IPv6 address needs quotes here; write \"::1\"");
  CHECK(advice("Address: [|::1]") ==
        "10: an IPv6 address needs quotes here; write \"::1\" without the brackets");
  CHECK(advice("Address: 2001:db8:|:\n") ==
        "9: an IPv6 address needs quotes here; write \"2001:db8::\"");
}

TEST_CASE("yaml_advice: a colon without a blank") {
  const std::string says = "a blank is missing after `Port:`; write `Port: 80`";
  CHECK(advice("  |Port:80\n") == "2: " + says);
  CHECK(advice("- &be\n  - &a Port:80 # b\n    Address|: a\n") == "13: " + says);
  CHECK(advice("Port:80\r\nA|: b") == "0: " + says);
  CHECK(advice("URL:" + std::string(60, 'a') + "\nA|: b") == "0: a blank is missing after `URL:`");
}

TEST_CASE("yaml_advice: other mistakes") {
  CHECK(advice("|") == "");
  CHECK(advice("Port: 80\n  A|: b") == "");
  CHECK(advice("Port:\n  A|: b") == "");
  CHECK(advice("a b:c\nA|: b") == "");
  CHECK(advice("Port:80\n\nC: d\nA|: b") == "");
  CHECK_FALSE(conf::yaml_advice("a", 5));
}

TEST_CASE("yaml_advice: a text in place of a mapping") {
  CHECK(conf::missing_blank_in("User:nobody") ==
        "a blank is missing after `User:`; write `User: nobody`");
  CHECK(conf::missing_blank_in("User: nobody") == "");
  CHECK(conf::missing_blank_in(" User:nobody") == "");
  CHECK(conf::missing_blank_in("12:30") == "");
  CHECK(conf::missing_blank_in("User") == "");
}
