// Tests of master/diagnostics_json: the exact text, of each kind of message.
#include <doctest/doctest.h>

#include <memory>

#include "master/diagnostics_json.h"

namespace {

conf::Position at(std::size_t line, std::size_t column) {
  static const auto kFile =
      std::make_shared<const conf::SourceFile>(conf::SourceFile{"a.yaml", ""});
  return {kFile, line, column};
}

}  // namespace

TEST_CASE("diagnostics_json: no message") {
  CHECK(master::diagnostics_json("a\"b.yaml", {}) ==
        "{\"file\":\"a\\\"b.yaml\",\"valid\":true,\"diagnostics\":[],\"omitted\":0}\n");
}

TEST_CASE("diagnostics_json: errors, warnings and notes") {
  conf::Diagnostics diagnostics;
  diagnostics.error(at(2, 3), "one\x01");
  diagnostics.note(at(1, 1), "it is here");
  diagnostics.note(at(1, 2), "and here");
  diagnostics.warning(conf::Lint::unused_backend, at(0, 0), "two");
  diagnostics.error({}, "three");
  CHECK(master::diagnostics_json("a.yaml", diagnostics) ==
        "{\"file\":\"a.yaml\",\"valid\":false,\"diagnostics\":["
        "{\"severity\":\"error\",\"code\":null,\"file\":\"a.yaml\",\"line\":2,\"column\":3,"
        "\"message\":\"one\\u0001\",\"notes\":["
        "{\"file\":\"a.yaml\",\"line\":1,\"column\":1,\"message\":\"it is here\"},"
        "{\"file\":\"a.yaml\",\"line\":1,\"column\":2,\"message\":\"and here\"}]},"
        "{\"severity\":\"warning\",\"code\":\"unused-backend\",\"file\":\"a.yaml\",\"line\":null,"
        "\"column\":null,\"message\":\"two\",\"notes\":[]},"
        "{\"severity\":\"error\",\"code\":null,\"file\":null,\"line\":null,\"column\":null,"
        "\"message\":\"three\",\"notes\":[]}],\"omitted\":0}\n");
}

TEST_CASE("diagnostics_json: promoted warnings keep their codes; messages beyond the limit count") {
  conf::Diagnostics diagnostics;
  diagnostics.warning(conf::Lint::weak_key, {}, "w");
  CHECK(master::diagnostics_json("a", diagnostics).find("\"valid\":true") != std::string::npos);
  diagnostics.promote_warnings();
  CHECK(master::diagnostics_json("a", diagnostics) ==
        "{\"file\":\"a\",\"valid\":false,\"diagnostics\":[{\"severity\":\"error\",\"code\":"
        "\"weak-key\",\"file\":null,\"line\":null,\"column\":null,\"message\":\"w\",\"notes\":[]}],"
        "\"omitted\":0}\n");
  for (std::size_t i = 0; i < conf::Diagnostics::kMaxKept; ++i) diagnostics.error({}, "e");
  const std::string text = master::diagnostics_json("a", diagnostics);
  CHECK(text.ends_with("],\"omitted\":1}\n"));
}
