// Checks across sections: mistakes that no single mapping shows.
//
// Looks at a complete Config; changes nothing.
#pragma once

#include "conf/config.h"
#include "conf/diagnostic.h"

namespace conf {

// Clashes are errors. Things that can never be used or can never succeed are warnings. Both are
// reported beside other errors, so that one run shows all mistakes. What is concluded from the
// absence of something is reported only if no error can have hidden it (`is_whole`): otherwise it
// would be a mere consequence. `file` is the position of the file as a whole.
void validate(const Config& config, const Position& file, Diagnostics& diagnostics);

}  // namespace conf
