// Tests of conf/environment: what is a variable, what is not, and what the errors show.
#include <doctest/doctest.h>

#include "conf/environment.h"
#include "t/unit/conf/files.h"
#include "t/unit/conf/harness.h"

namespace {

constexpr std::size_t kMost = 1000;

std::optional<std::string> find(const std::string& name) {
  if (name == "A") return "alpha";
  if (name == "_b2") return "beta";
  if (name == "EMPTY") return "";
  if (name == "YAML") return "[*x, null] # ${A}";
  if (name == "LATIN1") return "caf\xe9";
  return std::nullopt;
}

// The text, or the error in angle brackets.
std::string expanded(std::string_view text, std::size_t most = kMost) {
  std::string error;
  const auto made = conf::expand(text, find, most, error);
  CHECK(made.has_value() == error.empty());
  return made.value_or("<" + error + ">");
}

// Without it there would be one message more.
const std::string kListeners = "HTTPListeners: [{Address: '::1', Port: 1, Services: []}]\n";

}  // namespace

TEST_CASE("environment: a text that is meant as it stands") {
  for (const std::string text : {"", "$", "a$", "${A}", "$${A}", "$$${A:-b}${A}", "${host}$${host}",
                                 "${", "${A", "$${", "a${A}b$", "${A:-${A}}"}) {
    CHECK(expanded(conf::without_variables(text)) == text);
  }
  CHECK(conf::without_variables("^/x$") == "^/x$");
}

TEST_CASE("environment: variables") {
  CHECK(expanded("${A}") == "alpha");
  CHECK(expanded("x${A}y${_b2}z") == "xalphaybetaz");
  CHECK(expanded("${A}${A}") == "alphaalpha");
  CHECK(expanded("${EMPTY}") == "");
  CHECK(expanded("") == "");
  CHECK(expanded("caf\xc3\xa9 ${A}") == "caf\xc3\xa9 alpha");
}

TEST_CASE("environment: a value is not looked at again") {
  CHECK(expanded("${YAML}") == "[*x, null] # ${A}");
}

TEST_CASE("environment: defaults") {
  CHECK(expanded("${NONE:-x}") == "x");
  CHECK(expanded("${NONE:-}") == "");
  CHECK(expanded("${EMPTY:-x}") == "x");
  CHECK(expanded("${A:-x}") == "alpha");
  CHECK(expanded("${NONE:-a:-b}") == "a:-b");
  CHECK(expanded("${NONE:-$host ${A}") == "$host ${A");
}

TEST_CASE("environment: what is no variable stays") {
  for (const char* text : {"$",          "^/a$",
                           "$host",      "$1",
                           "$A",         "$$",
                           "${",         "${}",
                           "${1}",       "${1A}",
                           "${A",        "${A-x}",
                           "${A:x}",     "${A B}",
                           "${:-x}",     "{A}",
                           "$ {A}",      "(a|b){2}$",
                           "$(A)",       "%A%",
                           "${host}",    "${request_id}s",
                           "${path:-x}", "${\xc3\xa9}"}) {
    CHECK(expanded(text) == text);
  }
}

TEST_CASE("environment: an escape") {
  CHECK(expanded("$${A}") == "${A}");
  CHECK(expanded("$$${A}") == "$${A}");
  CHECK(expanded("$${A:-b}$${A}") == "${A:-b}${A}");
  CHECK(expanded("$${") == "$${");
  CHECK(expanded("$${host}") == "$${host}");  // a dollar sign and {host} in a template
  CHECK(expanded("$$A") == "$$A");
  CHECK(expanded("$$") == "$$");
  CHECK_FALSE(conf::may_have_variables("$A$$"));
  CHECK(conf::may_have_variables("$${A}"));
}

TEST_CASE("environment: errors name the variable and show no value") {
  CHECK(expanded("a ${NONE}") ==
        "<the environment variable `NONE` is not set; `${NONE:-text}` has a default>");
  CHECK(expanded("${LATIN1}") == "<the value of the environment variable `LATIN1` is not UTF-8>");
  CHECK(expanded("${A}${A}", 9) == "<more than 9 bytes, with the values of variables>");
  CHECK(expanded("${A}${A}", 10) == "alphaalpha");
}

TEST_CASE("environment: a value of the configuration is text, whatever it looks like") {
  const conf_test::Files files({}, {{"PORT", "8080"},
                                    {"HOST", "10.0.0.9"},
                                    {"NULL_", "null"},
                                    {"LIST", "[a, b]"},
                                    {"ALIAS", "*be"}});
  const auto loaded = conf_test::load(
      "Global: {User: '${NULL_}', Group: \"${LIST}\"}\n"
      "Backends: [&be {Address: '${HOST}', Port: '${PORT}'}]\n"
      "HTTPListeners: [{Address: '${NONE:-::1}', Port: 80, Services: [{URL: '${ALIAS}$', "
      "Backends: *be}]}]\n",
      files);
  // `*be$` is no valid expression: nothing stands before the asterisk.
  CHECK(loaded.messages ==
        "t:3:70: error: `URL` is not a valid regular expression: it has the value of a variable, "
        "which is not shown\n"
        "  HTTPListeners: [{Address: '${NONE:-::1}', Port: 80, Services: [{URL: '${ALIAS}$', "
        "Backends: *be}]}]\n"
        "                                                                       ^\n");
}

TEST_CASE("environment: between braces and brackets of YAML, a variable needs quotes") {
  for (const char* text : {"Global: {User: ${X}}\n", "Include: [${X}]\n"}) {
    const std::string said = conf_test::load(text).messages;
    CHECK(said.find(": error: a value with `${` needs quotes between braces or brackets\n") !=
          said.npos);
    CHECK(said.find("note") == said.npos);
  }
}

TEST_CASE("environment: keys, anchors and aliases have no variables") {
  const conf_test::Files files({}, {{"KEY", "User"}});
  const auto loaded = conf_test::load("Global: {'${KEY}': a}\n" + kListeners, files);
  CHECK(loaded.messages.starts_with("t:1:10: error: unknown key `${KEY}` in Global; known are "));
}

TEST_CASE("environment: an empty value is an empty text, not null") {
  const conf_test::Files files({}, {{"EMPTY", ""}});
  CHECK(conf_test::load("Global:\n  User: ${EMPTY}\n" + kListeners, files)
            .messages.starts_with("t:2:9: error: `User` is empty, expected the name of a user\n"));
}

TEST_CASE("environment: messages show the variable, not its value") {
  const conf_test::Files files({}, {{"S", "secret \xc3\xa9"}, {"LINE", "a\nb"}});
  const std::vector<std::pair<std::string, std::string>> cases{
      {"Port: ${S}", "`Port` is text \"${S}\", expected a whole number from 1 to 65535"},
      {"Port: 1${S}", "`Port` is text \"1${S}\", expected a whole number from 1 to 65535"},
      {"Port: ${UNSET}",
       "the environment variable `UNSET` is not set; `${UNSET:-text}` has a default"},
      {"HeadAdd: ['${S}']",
       "`HeadAdd` is text \"${S}\", expected a header as `Name: value`; it has "
       "the value of a variable, which is not shown"},
      {"HeadAdd: ['X: ${LINE}']",
       "`HeadAdd` has a line end or another control byte in text \"X: ${LINE}\", expected a header "
       "as `Name: value`, or a list of them"},
      {"Request: {Set: {X: 'a ${LINE}'}}",
       "`X` of `Set` is text \"a ${LINE}\", which has a line end "
       "or another control byte"},
      {"Request: {Set: {X: '$${S} ${S}'}}",
       "`X` of `Set` is text \"$${S} ${S}\"; it has the value of a variable, which is not shown"},
      {"Request: {Remove: '${S}'}",
       "`Remove` has `${S}`, expected the name of a header, made of "
       "letters, digits and !#$%&'*+-.^_`|~"},
      {"Eject: 'Errors:${S}'",
       "`Eject` is text \"Errors:${S}\", expected a mapping such as `{Errors: 5, In: 10, For: "
       "30}`; "
       "a blank is missing after `Errors:`; write `Errors: ${S}`"},
      {"Check: {Path: /, Body: '(${S}'}",
       "`Body` is text \"(${S}\", expected a regular expression; it has "
       "the value of a variable, which is not shown"},
  };
  for (const auto& [line, wanted] : cases) {
    const auto loaded = conf_test::load(kListeners + "Backends:\n- Address: a\n  " + line + "\n" +
                                            (line.starts_with("Port") ? "" : "  Port: 1\n"),
                                        files);
    CHECK(loaded.messages.find("error: " + wanted + "\n") != std::string::npos);
    CHECK(loaded.messages.find("secret") == std::string::npos);
    CHECK_MESSAGE(loaded.messages.find("error:") == loaded.messages.rfind("error:"),
                  loaded.messages);
  }
}

TEST_CASE("environment: warnings about patterns do not show a value") {
  const conf_test::Files files({}, {{"S", "^secret.example$"}});
  const std::string text = conf_test::with_service("    URL: ${S}\n    HeadRequire: ${S}\n");
  const auto loaded = conf_test::load(text, files);
  REQUIRE_MESSAGE(loaded.config, loaded.messages);
  CHECK(loaded.messages == "");
}
