// Tests of conf/section: what remains of a mapping, beside what is reported (see data/config/).
#include <doctest/doctest.h>
#include <syslog.h>

#include "conf/config.h"
#include "conf/section.h"
#include "t/unit/conf/harness.h"

namespace {

using conf::Section;

// A text read as one mapping of a schema.
struct Read {
  Read(const conf::Schema& schema, const std::string& text)
      : tree(conf::Tree::parse(conf_test::source(text), {}, diagnostics)),
        section(schema, *tree->root(), diagnostics) {}

  conf::Diagnostics diagnostics;
  std::optional<conf::Tree> tree;
  Section section;
};

}  // namespace

TEST_CASE("section: values by the row's name") {
  const Read read(conf::backend_schema(),
                  "address: a\nPORT: '080'\ntimeout: 3\nAddHeader: 'X-A: b'\n");
  CHECK(read.diagnostics.text() == "");
  CHECK(read.section.find("Address")->value->text == "a");
  CHECK(read.section.number("Port", 1) == 80);
  CHECK(read.section.number("TimeOut", 15) == 3);
  CHECK(read.section.number("Threads", 8) == 8);
  REQUIRE(read.section.items("HeadAdd").size() == 1);
  CHECK(read.section.items("HeadAdd")[0]->text == "X-A: b");
  CHECK(read.section.find("Threads") == nullptr);
  CHECK(read.section.items("Nothing").empty());
  CHECK(read.section.members().size() == 4);
}

TEST_CASE("section: keys with null and faulty keys are absent") {
  const Read read(conf::service_schema(), "URL:\nSession: x\nHeadDeny: [a, [b], c]\n");
  CHECK(read.section.find("URL") == nullptr);
  CHECK(read.section.find("Session") == nullptr);
  REQUIRE(read.section.items("HeadDeny").size() == 2);
  CHECK(read.section.items("HeadDeny")[1]->text == "c");
  CHECK(read.diagnostics.all().size() == 2);
}

TEST_CASE("section: choice returns the value of a word in any letter case") {
  const Read read(conf::global_schema(), "LogFacility: Auth\n");
  CHECK(read.section.choice("LogFacility", -1) == LOG_AUTH);
  const Read absent(conf::global_schema(), "LogFacility:\n");
  CHECK(absent.section.choice("LogFacility", -1) == -1);
}

TEST_CASE("section: a policy is a mapping or a number") {
  const Read number(conf::service_schema(), "Session: 300\n");
  CHECK(number.section.number("Session", 0) == 300);
  CHECK(number.section.find("Session")->value->is(conf::Node::Kind::scalar));
  const Read mapping(conf::service_schema(), "Session: {TTL: 300}\n");
  CHECK(mapping.section.find("Session")->value->is(conf::Node::Kind::mapping));
  CHECK(mapping.diagnostics.text() == "");
  const Read list(conf::service_schema(), "Session: [300]\n");
  CHECK(list.section.find("Session") == nullptr);
  CHECK(list.diagnostics.all().size() == 1);
}

TEST_CASE("section: whether the absence of a key was explained") {
  const Read read(conf::session_schema(), "Typ: COOKIE\nID: []\nMask4: ~\n");
  CHECK(read.section.members().size() == 1);  // Typ, read as Type
  CHECK(read.section.reported("Type"));
  CHECK(read.section.reported("ID"));
  CHECK_FALSE(read.section.reported("Mask4"));
  CHECK_FALSE(read.section.reported("Mask6"));
  CHECK(read.diagnostics.all().size() == 2);
  const Read required(conf::auth_schema(), "Realm: ~\nUsers: /users\n");
  CHECK(required.section.reported("Realm"));
  CHECK(required.diagnostics.all().size() == 1);
}

TEST_CASE("section: several mappings count as one") {
  conf::Diagnostics diagnostics;
  const auto tree =
      conf::Tree::parse(conf_test::source("[{User: a}, {Group: b}]"), {}, diagnostics);
  const Section section(conf::global_schema(), tree->root()->children, tree->root()->where,
                        diagnostics);
  CHECK(diagnostics.text() == "");
  CHECK(section.find("User")->value->text == "a");
  CHECK(section.find("Group")->value->text == "b");
}

TEST_CASE("section: aliases are followed, except those of backends") {
  conf::Diagnostics diagnostics;
  const auto tree = conf::Tree::parse(
      conf_test::source("[&a {URL: &u /x}, {URL: *u, Backends: *a}]"), {}, diagnostics);
  const Section section(conf::service_schema(), *tree->root()->children[1], diagnostics);
  CHECK(section.find("URL")->value->text == "/x");
  REQUIRE(section.items("Backends").size() == 1);
  CHECK(section.items("Backends")[0]->is(conf::Node::Kind::alias));
}

TEST_CASE("section: a misspelt key is not reported as missing, too, and its value is read") {
  const Read read(conf::backend_schema(), "Adress: a\nPort: 80\n");
  CHECK(read.diagnostics.all().size() == 1);
  REQUIRE(read.section.find("Address") != nullptr);
  CHECK(read.section.find("Address")->value->text == "a");
  const Read faulty(conf::backend_schema(), "Address: a\nPrt: x\n");
  REQUIRE(faulty.diagnostics.all().size() == 2);
  CHECK(faulty.diagnostics.all()[1].message ==
        "`Port` is text \"x\", expected a whole number from 1 to 65535");
}

TEST_CASE("section: a misspelt key is not read when the right one is given, before or after") {
  for (const char* text : {"Prt: x\nPort: 80\n", "Port: 80\nPrt: x\n", "Prt: 80\nPrtt: x\n"}) {
    const Read read(conf::backend_schema(), std::string("Address: a\n") + text);
    CAPTURE(read.diagnostics.text());
    CHECK(read.section.number("Port", 0) == 80);
    for (const conf::Diagnostic& one : read.diagnostics.all()) {
      CHECK(one.message.starts_with("unknown key"));
    }
  }
}

TEST_CASE("section: a text may have as many bytes as its row says") {
  const std::string longest(65536, 'a');
  CHECK(Read(conf::service_schema(), "URL: " + longest).diagnostics.all().empty());
  const Read longer(conf::service_schema(), "URL: b" + longest);
  REQUIRE(longer.diagnostics.all().size() == 1);
  CHECK(longer.diagnostics.all()[0].message == "`URL` is 65537 bytes long, expected at most 65536");
}

TEST_CASE("section: checks stop when the number of messages is at its limit") {
  std::string text;
  for (int i = 0; i < 3000; ++i) text += "k" + std::to_string(i) + ": a\n";
  const Read read(conf::service_schema(), text);
  CHECK(read.diagnostics.all().size() == conf::Diagnostics::kMaxKept);
}
