// Tests of route/template: the values of variables, and the bounds of what comes out.
#include "worker/route/template.h"

#include <doctest/doctest.h>

#include <array>

#include "conf/load_template.h"

using namespace worker::route;

namespace {

constexpr std::array kAll{conf::Variable::host,   conf::Variable::path,  conf::Variable::query,
                          conf::Variable::client, conf::Variable::proto, conf::Variable::request_id,
                          conf::Variable::backend};

std::string rendered(std::string_view text, const TemplateValues& values, std::size_t most = 99) {
  std::string error;
  const auto made = conf::parse_template(text, {.names = kAll, .groups = 9}, error);
  REQUIRE_MESSAGE(made, error);
  std::string out = "=";
  return append_template(*made, values, most, out) ? out : "refused";
}

}  // namespace

TEST_CASE("template: each variable") {
  const std::array<std::string_view, 2> groups{"one", "two"};
  const TemplateValues values{.host = "h",
                              .path = "/p",
                              .query = "q",
                              .client = "192.0.2.7",
                              .proto = "https",
                              .request_id = "id",
                              .backend = "be",
                              .groups = groups};
  CHECK(rendered("$host$path?$query $client $proto $request_id $backend $$", values) ==
        "=h/p?q 192.0.2.7 https id be $");
  CHECK(rendered("$2-$1-$3-$9", values) == "=two-one--");
  CHECK(rendered("", values) == "=");
  CHECK(rendered("a$host", {}) == "=a");
}

TEST_CASE("template: a bound, to the byte") {
  CHECK(rendered("ab$host", {.host = "cd"}, 4) == "=abcd");
  CHECK(rendered("ab$host", {.host = "cd"}, 3) == "refused");
  CHECK(rendered("$host$host", {.host = "cd"}, 3) == "refused");
}

TEST_CASE("template: no value with a control byte is ever used") {
  for (const std::string_view bad : {"a\rb", "a\nb", "\x7f", "\x1b"}) {
    CHECK(rendered("$path", {.path = bad}) == "refused");
  }
  CHECK(rendered("$path", {.path = std::string_view("\0", 1)}) == "refused");
  CHECK(rendered("$path", {.path = "\xc3\xa4"}) == "=\xc3\xa4");
}

TEST_CASE("template: a target in two parts") {
  const auto parts = [](std::string_view target) {
    TemplateValues values;
    split_target(target, values);
    return std::string(values.path) + "|" + std::string(values.query);
  };
  CHECK(parts("/a?b?c") == "/a|b?c");
  CHECK(parts("/a?") == "/a|");
  CHECK(parts("/a") == "/a|");
  CHECK(parts("") == "|");
}
