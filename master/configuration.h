// Reads the configuration file and checks that this master can serve it: conf::load, then
// worker::prepare, then what only the master knows. The start, -c and a reload share this code.
#pragma once

#include <optional>
#include <string>

#include "conf/diagnostic.h"
#include "worker/heritage.h"

namespace master {

// Returns nothing when `diagnostics` has an error.
std::optional<worker::Heritage> load_configuration(const std::string& path,
                                                   conf::Diagnostics& diagnostics);

// Throws StartError when User, Group or RootJail need rights that a process of `euid` and `egid`
// does not have. Naming the process's own user or group needs none. Not part of -c: every user may
// check a file.
void check_rights(const worker::Heritage& heritage, uid_t euid, gid_t egid);

}  // namespace master
