// The configuration file as this master can serve it: conf::load, then worker::prepare, then what
// only a master knows. The same code for the start, for -c and for a reload.
#pragma once

#include <optional>
#include <string>

#include "conf/diagnostic.h"
#include "worker/heritage.h"

namespace master {

// Nothing when there is an error among `diagnostics`.
std::optional<worker::Heritage> load_configuration(const std::string& path,
                                                   conf::Diagnostics& diagnostics);

// Throws StartError where User, Group or RootJail ask for more than a process of `euid` and `egid`
// may have; to be who one is already asks for nothing. Not part of -c: anybody may check a file.
void check_rights(const worker::Heritage& heritage, uid_t euid, gid_t egid);

}  // namespace master
