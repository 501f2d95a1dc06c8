// The key SessionStore of Global: tree → struct.
#pragma once

#include <optional>

#include "conf/config.h"
#include "conf/section.h"

namespace conf {

// Nothing when the key is absent. Errors go to the diagnostics; one of them is that Global has no
// Secret.
std::optional<SessionStore> load_session_store(const Section& global, Diagnostics& diagnostics);

}  // namespace conf
