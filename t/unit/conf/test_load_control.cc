// Tests of conf/load_control: the socket on which the master takes commands.
#include <doctest/doctest.h>

#include "t/unit/conf/harness.h"

namespace {

conf_test::Loaded load_with(const std::string& global) {
  return conf_test::load("Global:\n" + global +
                         "Backends:\n- &be {Address: 10.0.0.1, Port: 80}\n"
                         "HTTPListeners:\n- Address: 192.0.2.1\n  Port: 80\n"
                         "  Services:\n  - {Backends: *be}\n"
                         "- Address: /run/web.sock\n  Services:\n  - {Backends: *be}\n");
}

conf::ControlSocket control_of(const std::string& global) {
  const auto loaded = load_with(global);
  REQUIRE_MESSAGE(loaded.config, loaded.messages);
  REQUIRE(loaded.config->control);
  return *loaded.config->control;
}

bool refuses(const std::string& global, const std::string& message) {
  const auto loaded = load_with(global);
  CHECK_FALSE(loaded.config);
  CAPTURE(loaded.messages);
  return loaded.messages.find(message) != std::string::npos;
}

}  // namespace

TEST_CASE("load_control: none, a path alone, and a mapping") {
  CHECK_FALSE(load_with("  Grace: 5\n").config->control);
  CHECK_FALSE(load_with("  Control:\n").config->control);
  const conf::ControlSocket brief = control_of("  Control: /run/c.sock\n");
  CHECK(brief.path == "/run/c.sock");
  CHECK(brief.mode == 0600);
  CHECK_FALSE(brief.user);
  CHECK_FALSE(brief.group);
  const conf::ControlSocket full =
      control_of("  Control: {Socket: /run/c.sock, Mode: 0660, User: root, Group: adm}\n");
  CHECK(full.path == "/run/c.sock");
  CHECK(full.mode == 0660);
  CHECK(full.user == "root");
  CHECK(full.group == "adm");
  CHECK(full.user_where.line == 2);
}

TEST_CASE("load_control: what is wrong") {
  CHECK(refuses("  Control: run/c.sock\n", ":2:12: error: `Control` is "));
  CHECK(refuses("  Control: run/c.sock\n", "expected a path that begins with `/`"));
  CHECK(refuses("  Control: {Socket: c}\n", ":2:21: error: `Socket` is "));
  CHECK(refuses("  Control: /" + std::string(107, 'x') + "\n", ":2:12: error: `Control` is "));
  CHECK(refuses("  Control: {Mode: 0600}\n", "Control needs `Socket`: the path of a socket"));
  CHECK(refuses("  Control: {Socket: /c, Mode: 0888}\n",
                "`Mode` is 0888, expected permissions in octal"));
  CHECK(refuses("  Control: {Socket: /c, Mode: 1777}\n", ":2:31: error: `Mode` is "));
  CHECK(refuses("  Control: {Socket: /c, Port: 1}\n",
                "unknown key `Port` in Control; it belongs in "));
  CHECK(refuses("  Control: [/c]\n",
                "`Control` is a list, expected the path of a socket such as "
                "`/run/pound/control.sock`, or a mapping with `Socket`"));
  CHECK(refuses("  Control: /run/web.sock\n",
                ":2:12: error: `Control` has the path of a listener: /run/web.sock"));
}
