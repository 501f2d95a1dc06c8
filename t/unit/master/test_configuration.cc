#include <doctest/doctest.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "master/configuration.h"
#include "master/start_error.h"
#include "t/unit/folder.h"
#include "t/unit/master/heritage.h"

namespace {

const std::string kHttp = "HTTPListeners: [{Address: 127.0.0.1, Port: 8080}]\n";

// The error for a process of user 1000 and group 100, or of root.
std::string rights_error(const conf::Config& config, std::optional<uid_t> uid,
                         std::optional<gid_t> gid, uid_t euid = 1000) {
  worker::Heritage heritage;
  heritage.config = std::make_shared<const conf::Config>(config);
  heritage.uid = uid;
  heritage.gid = gid;
  try {
    master::check_rights(heritage, euid, euid == 0 ? 0 : 100);
    return "none";
  } catch (const master::StartError& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("configuration: another user, another group and a jail need root") {
  conf::Config config;
  conf::Global& global = config.global;
  CHECK(rights_error(config, {}, {}) == "none");
  global.user = "pound";
  CHECK(rights_error(config, 1001, 100) == "User needs root: pound");
  CHECK(rights_error(config, 0, 100) == "User needs root: pound");
  CHECK(rights_error(config, 1000, 101) == "Group needs root: that of User pound");
  CHECK(rights_error(config, 1000, 100) == "none");
  global.group = "www";
  CHECK(rights_error(config, 1000, 101) == "Group needs root: www");
  global.root_jail = "/jail";
  CHECK(rights_error(config, 1000, 100) == "RootJail needs root: /jail");
  CHECK(rights_error(config, 1001, 101, 0) == "none");
}

TEST_CASE("configuration: a file without a listener is an error") {
  const Folder folder;
  folder.write("a.yaml", "HTTPListeners:\nHTTPSListeners:\n");
  master::Preparation prepared(folder.file("a.yaml"));
  prepared.complete();
  CHECK_FALSE(prepared.heritage().has_value());
  CHECK(prepared.diagnostics().has_errors());
}

TEST_CASE("configuration: a file with numeric addresses is loaded and prepared in one turn") {
  const Folder folder;
  folder.write("a.yaml", kHttp);
  master::Preparation prepared(folder.file("a.yaml"));
  CHECK_FALSE(prepared.is_done());
  CHECK(prepared.due_ms() == master::kNow);
  CHECK(prepared.fd() == -1);
  prepared.turn(master::now_ms());
  CAPTURE(prepared.diagnostics().text());
  CHECK(prepared.is_done());
  REQUIRE(prepared.heritage().has_value());
  CHECK(prepared.heritage()->listeners.size() == 1);
}

TEST_CASE("configuration: a name that hangs is awaited until the deadline, without work") {
  const Folder folder;
  folder.write("a.yaml",
               "Backends: [&b {Address: hang.test, Port: 9}]\n"
               "HTTPListeners: [{Address: 127.0.0.1, Port: 8080, Services: [{Backends: [*b]}]}]\n");
  master::Preparation prepared(folder.file("a.yaml"));
  const std::uint64_t now = master::now_ms();
  prepared.turn(now);
  CHECK_FALSE(prepared.is_done());
  CHECK(prepared.fd() >= 0);
  CHECK(prepared.due_ms() <= now + master::kLookUpMs);
  CHECK(prepared.due_ms() + 1000 > now + master::kLookUpMs);
  prepared.turn(prepared.due_ms());
  CHECK(prepared.is_done());
  CHECK(prepared.fd() == -1);
  REQUIRE(prepared.heritage().has_value());
  CHECK(prepared.heritage()->backends[0].resolve_error == "no answer within 5 s");
  CHECK(prepared.diagnostics().headlines().size() == 1);
  ::waitpid(-1, nullptr, 0);
}

TEST_CASE("configuration: a name that fails keeps the addresses that the backend has") {
  const Folder folder;
  folder.write("a.yaml",
               "Backends: [&b {Address: nowhere.invalid, Port: 80}, "
               "&c {Address: nowhere.invalid, Port: 81}, &d {Address: 127.0.0.2, Port: 80}]\n"
               "HTTPListeners: [{Address: 127.0.0.1, Port: 8080, Threads: 24, "
               "Services: [{Backends: [*b, *c, *d]}]}]\n");
  worker::Heritage active = sample_heritage();
  active.backends[2].addresses = {loopback(80)};  // of nowhere.invalid, port 80
  master::Preparation prepared(folder.file("a.yaml"), &active);
  prepared.complete();
  REQUIRE(prepared.heritage().has_value());
  const auto& backends = prepared.heritage()->backends;
  REQUIRE(backends[0].addresses.size() == 1);
  CHECK(worker::net::host_port_text(backends[0].addresses[0]) == "127.0.0.1:80");
  CHECK(backends[1].addresses.empty());
  CHECK(worker::net::host_port_text(backends[2].addresses[0]) == "127.0.0.2:80");
  const std::vector<std::string> said = prepared.diagnostics().headlines();
  REQUIRE(said.size() == 2);
  CHECK(said[0].ends_with("; it keeps the addresses it had [unresolved-name]"));
  CHECK(said[1].ends_with("; it counts as dead until it does [unresolved-name]"));
}

TEST_CASE("configuration: a session store keeps its addresses when its name fails") {
  const Folder folder;
  const std::string secret = folder.write("secret", std::string(32, 's'));
  ::chmod(secret.c_str(), 0600);
  const auto prepare = [&](const char* port, const worker::Heritage* active) {
    folder.write("a.yaml",
                 "Global: {Secret: " + secret +
                     ", SessionStore: {Address: [nowhere.invalid, 127.0.0.9], Port: " + port +
                     "}}\nBackends: [&b {Address: 127.0.0.1, Port: 80}]\n"
                     "HTTPListeners: [{Address: 127.0.0.1, Port: 8080, "
                     "Services: [{Backends: [*b], Session: 300}]}]\n");
    master::Preparation prepared(folder.file("a.yaml"), active);
    prepared.complete();
    REQUIRE(prepared.heritage().has_value());
    std::string text;
    for (const auto& one : prepared.heritage()->store.servers) {
      text += worker::net::host_port_text(one) + " ";
    }
    const std::vector<std::string> said = prepared.diagnostics().headlines();
    REQUIRE(said.size() == 1);
    return text + said[0].substr(said[0].rfind("; "));
  };
  worker::Heritage active = sample_heritage();
  const std::string unused = "; it is not used until a reload finds it [unresolved-name]";
  CHECK(prepare("7", nullptr) == "127.0.0.9:7 " + unused);
  CHECK(prepare("7", &active) == "127.0.0.9:7 " + unused);
  conf::Config config = *active.config;
  config.global.session_store.emplace();
  config.global.session_store->servers = {{"nowhere.invalid", {}}};
  config.global.session_store->port = 7;
  active.config = std::make_shared<const conf::Config>(config);
  active.store.servers = {loopback(7)};
  CHECK(prepare("7", &active) ==
        "127.0.0.1:7 127.0.0.9:7 ; it keeps the addresses it had [unresolved-name]");
  CHECK(prepare("8", &active) == "127.0.0.9:8 " + unused);
}

TEST_CASE("configuration: mistakes of all phases are told in one run, in the order of the file") {
  const Folder folder;
  folder.write("a.yaml",
               "Global: {User: no-such-user, Graze: 3, Err404: /nonexistent/404.html}\n"
               "Backends: [&b {Address: nowhere.invalid, Prt: 99999}]\n"
               "HTTPListeners: [{Address: 127.0.0.1, Port: 8080, Services: [{Backends: [*b]}]}]\n");
  master::Preparation prepared(folder.file("a.yaml"));
  prepared.complete();
  CHECK_FALSE(prepared.heritage().has_value());
  std::vector<std::string> said;
  for (const std::string& line : prepared.diagnostics().headlines()) {
    said.push_back(line.substr(folder.file("a.yaml").size() + 1, 24));
  }
  CHECK(said == std::vector<std::string>{"1:16: error: there is no", "1:30: error: unknown key",
                                         "1:48: error: cannot read", "2:25: warning: the backe",
                                         "2:42: error: unknown key", "2:47: error: `Port` is 9"});
}

TEST_CASE("configuration: Lint silences warnings of every phase") {
  const Folder folder;
  folder.write("a.yaml",
               "Global: {Lint: [-unresolved-name, -unused-backend]}\n"
               "Backends: [&b {Address: nowhere.invalid, Port: 80}, &c {Address: '::1', Port: 1}]\n"
               "HTTPListeners: [{Address: 127.0.0.1, Port: 8080, Services: [{Backends: [*b]}]}]\n");
  master::Preparation prepared(folder.file("a.yaml"));
  prepared.complete();
  CHECK(prepared.heritage().has_value());
  CHECK(prepared.diagnostics().text() == "");
}

TEST_CASE("configuration: a missing file is an error, not an exception") {
  const Folder folder;
  master::Preparation prepared(folder.file("none"));
  CHECK(prepared.is_done());
  CHECK_FALSE(prepared.heritage().has_value());
  CHECK(prepared.diagnostics().has_errors());
}
