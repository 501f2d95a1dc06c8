// Tests of conf/old_format, and of the message that a configuration of Pound 2.x gets.
#include <doctest/doctest.h>

#include "conf/old_format.h"
#include "t/unit/conf/harness.h"

using conf::line_of_old_format;

TEST_CASE("a section with its End is the format of Pound 2.x") {
  CHECK(line_of_old_format("ListenHTTP\nEnd") == 1);
  CHECK(line_of_old_format("User \"a\"\n\n\tlistenhttps \"x\" # y\r\nEND\r\n") == 3);
  CHECK(line_of_old_format("Service # a\nBackEnd\nEnd\nEnd") == 1);
  CHECK(line_of_old_format("BackEnd\n  End") == 1);
}

TEST_CASE("anything else is not") {
  CHECK(line_of_old_format("") == 0);
  CHECK(line_of_old_format("ListenHTTP\n") == 0);
  CHECK(line_of_old_format("End\n") == 0);
  CHECK(line_of_old_format("Service: a\nEnd\n") == 0);
  CHECK(line_of_old_format("Service of pound\nEnd\n") == 0);
  CHECK(line_of_old_format("# ListenHTTP\nEnd\n") == 0);
}

TEST_CASE("the loader names the converter, and nothing else is said") {
  const std::string_view text =
      "# web\nUser \"www\"\nListenHTTP\n\tAddress 10.0.0.1\n\tPort 80\nEnd\n";
  const auto loaded = conf_test::load(std::string(text));
  CHECK_FALSE(loaded.config);
  CHECK(loaded.messages ==
        "t:3:1: error: this is the format of Pound 2.x; `pound-convert t` writes "
        "it as YAML, see pound-convert(8)\n  ListenHTTP\n  ^\n");
}

TEST_CASE("it is also told of a text that is one scalar of YAML, or no UTF-8") {
  for (const std::string text : {"ListenHTTP\nEnd\n", "# J\xf6rg\nListenHTTP\nEnd\n"}) {
    const auto loaded = conf_test::load(text);
    CHECK(loaded.messages.find("error: this is the format of Pound 2.x") != std::string::npos);
  }
}

TEST_CASE("a text in a valid configuration may have such lines") {
  const auto loaded = conf_test::load(
      "Backends: [&a {Address: 127.0.0.1, Port: 1}]\n"
      "HTTPListeners:\n"
      "  - Address: 127.0.0.1\n"
      "    Port: 80\n"
      "    Services:\n"
      "      - URL: ^/a\n"
      "        Respond:\n"
      "          Body: |\n"
      "            ListenHTTP\n"
      "            End\n"
      "      - Backends: *a\n");
  CHECK(loaded.messages == "");
}
