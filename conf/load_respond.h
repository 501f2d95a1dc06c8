// The key Respond of a service: tree → struct.
//
// Takes a code, or a mapping with Code, Body or File, and Type.
#pragma once

#include <optional>

#include "conf/pages.h"
#include "conf/section.h"

namespace conf {

// Nothing when the key is absent or its value was reported.
std::optional<Respond> load_respond(const Section& service, Diagnostics& diagnostics);

}  // namespace conf
