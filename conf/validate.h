// What crosses sections: mistakes that no single mapping shows.
//
// Looks at a complete Config; changes nothing.
#pragma once

#include "conf/config.h"
#include "conf/diagnostic.h"

namespace conf {

// Clashes are errors; what can never be used or never succeeds are warnings, given only where
// there are no errors, because they would mostly be the errors' consequences. `file` is the place
// of the file as a whole.
void validate(const Config& config, const Position& file, Diagnostics& diagnostics);

}  // namespace conf
