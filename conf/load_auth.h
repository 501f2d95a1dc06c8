// The key Auth of a listener or a service: tree → struct.
//
// Opens no file: worker/auth reads the users.
#pragma once

#include <optional>

#include "conf/config.h"
#include "conf/diagnostic.h"
#include "conf/section.h"

namespace conf {

// `section` is that of a listener or of a service. Nothing when the key is absent or incomplete.
std::optional<Auth> load_auth(const Section& section, Diagnostics& diagnostics);

}  // namespace conf
