// Checks across sections: mistakes that no single mapping shows.
//
// Looks at a complete Config; changes nothing.
#pragma once

#include "conf/config.h"
#include "conf/diagnostic.h"

namespace conf {

// Clashes are errors. Things that can never be used or can never succeed are warnings. There are no
// warnings beside errors, because most would be consequences of the errors. `file` is the position
// of the file as a whole.
void validate(const Config& config, const Position& file, Diagnostics& diagnostics);

}  // namespace conf
