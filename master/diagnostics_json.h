// What `pound -c --json` writes: the messages about a configuration, for programs.
//
// pound(8) describes the shape.
#pragma once

#include <string>

#include "conf/diagnostic.h"

namespace master {

// One object in one line, with a newline. `file`: the configuration file, as it was named.
std::string diagnostics_json(const std::string& file, const conf::Diagnostics& diagnostics);

}  // namespace master
