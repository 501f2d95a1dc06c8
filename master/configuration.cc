// See configuration.h.
#include "master/configuration.h"

#include <memory>
#include <utility>

#include "conf/load.h"
#include "master/start_error.h"
#include "worker/prepare.h"

namespace master {
std::optional<worker::Heritage> load_configuration(const std::string& path,
                                                   conf::Diagnostics& diagnostics) {
  std::optional<conf::Config> loaded = conf::load(path, diagnostics);
  if (!loaded) return std::nullopt;
  const auto config = std::make_shared<const conf::Config>(std::move(*loaded));
  std::optional<worker::Heritage> heritage = worker::prepare(config, diagnostics);
  if (config->listeners.empty()) diagnostics.error(config->global.where, "nothing to serve");
  if (diagnostics.has_errors()) return std::nullopt;
  return heritage;
}

void check_rights(const worker::Heritage& heritage, uid_t euid, gid_t egid) {
  if (euid == 0) return;
  const conf::Global& global = heritage.config->global;
  if (heritage.uid.value_or(euid) != euid) {
    throw StartError("User needs root: " + global.user.value_or(""));
  }
  if (heritage.gid.value_or(egid) != egid) {
    const std::string name =
        global.group ? *global.group : "that of User " + global.user.value_or("");
    throw StartError("Group needs root: " + name);
  }
  if (global.root_jail) throw StartError("RootJail needs root: " + *global.root_jail);
}

}  // namespace master
