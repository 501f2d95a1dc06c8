// `Check` and `Eject` of a backend.
//
// Errors go to the diagnostics.
#pragma once

#include <optional>
#include <string_view>

#include "conf/config.h"
#include "conf/section.h"

namespace conf {

// Nothing when the backend has no such key. `backend`: its section; `address`: what it has.
std::optional<Check> load_check(const Section& backend, std::string_view address,
                                Diagnostics& diagnostics);
std::optional<Eject> load_eject(const Section& backend, Diagnostics& diagnostics);

}  // namespace conf
