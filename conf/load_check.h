// `Check` and `Eject` of a backend.
//
// Errors go to the diagnostics.
#pragma once

#include <optional>

#include "conf/config.h"
#include "conf/section.h"

namespace conf {

// Nothing when the backend has no such key. `backend`: its section.
std::optional<Check> load_check(const Section& backend, Diagnostics& diagnostics);
std::optional<Eject> load_eject(const Section& backend, Diagnostics& diagnostics);

}  // namespace conf
