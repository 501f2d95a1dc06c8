// The key Lint of Global: the kinds of warnings that the operator has silenced.
#pragma once

#include "conf/section.h"

namespace conf {

// Silences them in `diagnostics`: for this configuration, so to be called before anything that
// warns.
void load_lint(const Section& global, Diagnostics& diagnostics);

}  // namespace conf
