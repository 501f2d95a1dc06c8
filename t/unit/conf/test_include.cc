// Tests of Include: where the files are read, how their keys are joined, and all errors with their
// exact places.
#include <doctest/doctest.h>

#include "conf/include.h"
#include "t/unit/conf/files.h"
#include "t/unit/conf/harness.h"

namespace {

using conf_test::Files;

// The anchors of the backends, in order.
std::string names(const conf::Config& config) {
  std::string out;
  for (const conf::Backend& backend : config.backends) out += backend.name + " ";
  return out;
}

std::string backend(const std::string& name) {
  return "Backends: [&" + name + " {Address: 10.0.0.1, Port: 80}]\n";
}

std::string listener(const std::string& port, const std::string& aliases) {
  return "HTTPListeners: [{Address: '::1', Threads: 0, Port: " + port +
         ", Services: [{Backends: [" + aliases + "]}]}]\n";
}

conf::Config valid(const std::string& text, const Files& files) {
  const auto loaded = conf_test::load(text, files);
  REQUIRE_MESSAGE(loaded.config, loaded.messages);
  CHECK(loaded.messages == "");
  return *loaded.config;
}

std::string messages(const std::string& text, const Files& files) {
  const auto loaded = conf_test::load(text, files);
  CHECK_FALSE(loaded.config);
  return loaded.messages;
}

// An error in the first line of the file `t`, which is `line`.
std::string error_at(std::size_t column, const std::string& line, const std::string& what) {
  return "t:1:" + std::to_string(column) + ": error: " + what + "\n  " + line + "\n  " +
         std::string(column - 1, ' ') + "^\n";
}

}  // namespace

TEST_CASE("include: files are read at the place of Include, and lists are joined in that order") {
  const Files files(
      {{"d/1.yaml", backend("b1") + "Include: deep/x.yml\n" + listener("2", "*b0, *b1")},
       {"d/2.yaml", backend("b2") + listener("3", "*b2")},
       {"d/deep/x.yml", backend("x")}},
      {});
  const conf::Config config =
      valid(backend("b0") + "Include: d/*.yaml\n" + listener("1", "*b0, *x, *b2"), files);
  CHECK(names(config) == "b0 b1 x b2 ");
  REQUIRE(config.listeners.size() == 3);
  CHECK(config.listeners[0].port == 2);
  CHECK(config.listeners[1].port == 3);
  CHECK(config.listeners[2].port == 1);
  CHECK(config.listeners[2].services[0].backends == std::vector<std::size_t>{0, 2, 3});
  CHECK(config.backends[1].where.file->name == "d/1.yaml");
  CHECK(config.backends[1].where.file->order == 1);
  CHECK(config.backends[2].where.file->name == "d/deep/x.yml");
  CHECK(config.backends[2].where.file->order == 2);
}

TEST_CASE("include: a list of items, any letter case, and aliases in it") {
  const Files files({{"a", backend("a")}, {"b", backend("b")}, {"/abs/c", backend("c")}},
                    {{"DIR", "/abs"}});
  const conf::Config config =
      valid("iNCLUDE: [b, a, '${DIR}/c']\n" + listener("1", "*a, *b, *c"), files);
  CHECK(names(config) == "b a c ");
}

TEST_CASE("include: what has nothing in it, and a pattern without a match") {
  const Files files({{"empty", ""}, {"comment", "# none\n"}, {"null", "~"}, {"mapping", "{}"}}, {});
  valid("Include: [none*, empty, comment, 'null', mapping]\n" + backend("b") + listener("1", "*b"),
        files);
  valid("Include:\n" + backend("b") + listener("1", "*b"), files);
  valid("Include: []\n" + backend("b") + listener("1", "*b"), files);
}

TEST_CASE("include: mappings of Global count as one, and a key twice is an error in both files") {
  const Files files({{"g", "Global: {Workers: 3}\n"}, {"twice", "Global:\n  grace: 2\n"}}, {});
  const std::string rest = backend("b") + listener("1", "*b");
  const conf::Config config = valid("Global: {Grace: 1}\nInclude: g\n" + rest, files);
  CHECK(config.global.workers == 3);
  CHECK(config.global.grace.count() == 1);
  CHECK(messages("Global: {Grace: 1}\nInclude: twice\n" + rest, files) ==
        "twice:2:3: error: `grace` is given twice\n    grace: 2\n    ^\n"
        "t:1:10: note: it is first given here\n  Global: {Grace: 1}\n           ^\n");
}

TEST_CASE("include: a key of the top level twice in one file is an error, also around an Include") {
  const Files files({{"f", backend("f") + backend("g")}, {"e", ""}}, {});
  CHECK(messages("Include: f\n", files).starts_with("f:2:1: error: `Backends` is given twice\n"));
  CHECK(messages(backend("a") + "Include: e\n" + backend("b"), files)
            .starts_with("t:3:1: error: `Backends` is given twice\n"));
  CHECK(messages("Include: e\nInclude: e2\n", Files({{"e", ""}, {"e2", ""}}, {}))
            .starts_with("t:2:1: error: `Include` is given twice\n"));
}

TEST_CASE("include: messages are in the order of the files") {
  const Files files({{"a", "Global: {Wrokers: 1}\n"}, {"b", "Backends: [{Prot: 1}]\n"}}, {});
  const std::string all = messages("Include: [b, a]\nHTTPListeners: 1\n", files);
  const std::size_t first = all.find("t:2:16: error:");
  const std::size_t second = all.find("b:1:13: error:");
  const std::size_t third = all.find("a:1:10: error:");
  CHECK(first == 0);
  CHECK(first < second);
  CHECK(second < third);
  CHECK(third < all.size());
}

TEST_CASE("include: an anchor of a later file is not visible, and none is given twice") {
  const Files files({{"a", backend("b")}, {"l", listener("1", "*b")}}, {});
  CHECK(messages("Include: [l, a]\n", files) ==
        "l:1:78: error: no anchor `&b` is defined before this alias\n"
        "  HTTPListeners: [{Address: '::1', Threads: 0, Port: 1, Services: [{Backends: [*b]}]}]\n" +
            std::string(79, ' ') +
            "^\na:1:12: note: the anchor is here; move it before the alias\n"
            "  Backends: [&b {Address: 10.0.0.1, Port: 80}]\n             ^\n");
  CHECK(messages(backend("b") + "Include: a\n", files) ==
        "a:1:12: error: the anchor `&b` is given twice\n"
        "  Backends: [&b {Address: 10.0.0.1, Port: 80}]\n             ^\n"
        "t:1:12: note: it is first given here\n"
        "  Backends: [&b {Address: 10.0.0.1, Port: 80}]\n             ^\n");
}

TEST_CASE("include: a file that is not there leaves no other errors behind") {
  const Files files({}, {});
  CHECK(messages("Include: [a, b]\n" + listener("1", "*b"), files) ==
        error_at(11, "Include: [a, b]",
                 "cannot include `a`: cannot open it: No such file or directory") +
            error_at(14, "Include: [a, b]",
                     "cannot include `b`: cannot open it: No such file or directory"));
  CHECK(messages("Include: locked/*.yaml\n", files) ==
        error_at(10, "Include: locked/*.yaml",
                 "cannot include `locked/*.yaml`: cannot read a folder: Permission denied"));
}

TEST_CASE("include: a file cannot include itself, and none is read twice") {
  const Files files({{"a", "Include: b\n"}, {"b", "Include: a\n"}, {"e", ""}}, {});
  CHECK(messages("Include: '*'\n", Files({{"t", ""}}, {})) ==
        error_at(10, "Include: '*'", "cannot include `t`: a file cannot include itself"));
  CHECK(messages("Include: a\n", files) ==
        "b:1:10: error: cannot include `a`: a file cannot include itself\n  Include: a\n"
        "           ^\nt:1:10: note: it is included here\n  Include: a\n           ^\n");
  CHECK(messages("Include: [e, e]\n", files) ==
        error_at(14, "Include: [e, e]", "cannot include `e`: it is included already") +
            "t:1:11: note: it is included here\n  Include: [e, e]\n            ^\n");
}

TEST_CASE("include: an alias to what is around it") {
  CHECK(messages("&r\nInclude: a\n", Files({{"a", "Services: *r\n"}}, {}))
            .starts_with("a:1:11: error: `*r` is inside the value that it refers to\n"));
}

TEST_CASE("include: a faulty file") {
  const auto refusal = [](const std::string& text) {
    return messages("Include: a\n" + listener("1", "*b"), Files({{"a", text}}, {}));
  };
  CHECK(refusal("- a\n") ==
        "a:1:1: error: the top level is a list, expected a mapping with keys such as Backends\n"
        "  - a\n  ^\n");
  CHECK(refusal("a: [1\n").starts_with("a:"));
  CHECK(refusal("a: [1\n").find("\nt:") == std::string::npos);
  CHECK(refusal("a: \xff\n") ==
        "a:1:4: error: the byte \\xff is not UTF-8; save the file as UTF-8\n"
        "  a: \\xff\n     ^\n");
  CHECK(refusal("--- {}\n--- {}\n").starts_with("a:2:1: error: a second document begins here"));
}

TEST_CASE("include: it is a key of the top level, and takes paths") {
  const Files files({{"a", ""}}, {});
  CHECK(messages("Global: {Include: a}\n" + listener("1", ""), files)
            .starts_with(
                "t:1:10: error: unknown key `Include` in Global; it belongs in the top level\n"));
  CHECK(messages("Include: {a: b}\n", files)
            .starts_with("t:1:10: error: `Include` is a mapping, expected the path of a file, or a "
                         "pattern such as `conf.d/*.yaml`, or a list of them"));
  CHECK(messages("Include: ['']\n", files)
            .starts_with("t:1:11: error: `Include` is empty, expected "));
  CHECK(messages("Include: [\"a\\nb\"]\n", files)
            .starts_with("t:1:11: error: `Include` has a line end or another control byte in "));
}

TEST_CASE("include: limits hold for all files together") {
  std::map<std::string, std::string> chain;
  for (std::size_t i = 1; i <= conf::kMaxIncludeDepth; ++i) {
    chain["f" + std::to_string(i)] = "Include: f" + std::to_string(i + 1) + "\n";
  }
  CHECK(messages("Include: f1\n", Files(chain, {})) ==
        "f15:1:10: error: cannot include `f16`: files include each other more than 16 deep\n"
        "  Include: f16\n           ^\n");

  const std::string half(conf::kMaxFileBytes / 2, '#');
  CHECK(messages("Include: [a, b, c]\n", Files({{"a", half}, {"b", half}, {"c", "#"}}, {})) ==
        error_at(14, "Include: [a, b, c]",
                 "cannot include `b`: more than 16 MiB of text in all files"));

  std::string many = "Services: [";
  for (std::size_t i = 0; i < conf::kMaxNodes / 2; ++i) many += "1,";
  CHECK(messages("Include: [a, b]\n", Files({{"a", many + "]"}, {"b", many + "]"}}, {}))
            .starts_with("b:1:"));
}

TEST_CASE("include: names of files with special characters") {
  const Files files({{"d[1]/a", backend("b")}}, {});
  conf::Diagnostics diagnostics;
  CHECK(conf::load_text("d[1]/t", "Include: a\n" + listener("1", "*b"), diagnostics, files));
  CHECK(diagnostics.text() == "");
}
