// The section Global: tree → struct.
//
// Translates values that the schema has accepted.
#pragma once

#include "conf/config.h"
#include "conf/section.h"

namespace conf {

void load_global(const Section& section, Global& global, Diagnostics& diagnostics);

}  // namespace conf
