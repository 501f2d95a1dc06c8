#include <doctest/doctest.h>

#include "master/configuration.h"
#include "master/start_error.h"
#include "t/unit/master/heritage.h"
#include "t/unit/master/temp_folder.h"

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
  const TempFolder folder;
  write_file(folder.file("a.yaml"), "HTTPListeners:\nHTTPSListeners:\n");
  conf::Diagnostics diagnostics;
  CHECK_FALSE(master::load_configuration(folder.file("a.yaml"), diagnostics).has_value());
  CHECK(diagnostics.has_errors());
}

TEST_CASE("configuration: a file is loaded and prepared") {
  const TempFolder folder;
  write_file(folder.file("a.yaml"), kHttp);
  conf::Diagnostics diagnostics;
  const auto heritage = master::load_configuration(folder.file("a.yaml"), diagnostics);
  CAPTURE(diagnostics.text());
  REQUIRE(heritage.has_value());
  CHECK(heritage->listeners.size() == 1);
}

TEST_CASE("configuration: a missing file is an error, not an exception") {
  const TempFolder folder;
  conf::Diagnostics diagnostics;
  CHECK_FALSE(master::load_configuration(folder.file("none"), diagnostics).has_value());
  CHECK(diagnostics.has_errors());
}
