// See configuration.h.
#include "master/configuration.h"

#include <memory>
#include <utility>

#include "conf/load.h"
#include "master/start_error.h"
#include "worker/prepare.h"

namespace master {
namespace {

// HTTPS listeners are read and checked, but there is nobody yet to serve them.
void look_for_work(const conf::Config& config, conf::Diagnostics& diagnostics) {
  bool any = false;
  for (const conf::Listener& listener : config.listeners) {
    if (is_served(listener)) {
      any = true;
      continue;
    }
    const bool colons = listener.address.find(':') != std::string::npos;
    const std::string host = colons ? "[" + listener.address + "]" : listener.address;
    diagnostics.warning(listener.where, "HTTPS listener " + host + ":" +
                                            std::to_string(listener.port) +
                                            " is not served by this version");
  }
  if (!any) diagnostics.error(config.global.where, "nothing to serve");
}

}  // namespace

bool is_served(const conf::Listener& listener) { return !listener.tls.has_value(); }

std::optional<worker::Heritage> load_configuration(const std::string& path,
                                                   conf::Diagnostics& diagnostics) {
  std::optional<conf::Config> loaded = conf::load(path, diagnostics);
  if (!loaded) return std::nullopt;
  const auto config = std::make_shared<const conf::Config>(std::move(*loaded));
  std::optional<worker::Heritage> heritage = worker::prepare(config, diagnostics);
  look_for_work(*config, diagnostics);
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
