// The key Control of Global: tree → struct.
#pragma once

#include <optional>

#include "conf/config.h"
#include "conf/section.h"

namespace conf {

// Nothing when the key is absent or one of its values was reported.
std::optional<ControlSocket> load_control(const Section& global, Diagnostics& diagnostics);

}  // namespace conf
