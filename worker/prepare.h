// The privileged half of a worker's start: everything that needs a path, a user database or a
// resolver. The master calls it outside the jail. `-c` runs conf::load and this, then ends.
#pragma once

#include <memory>
#include <optional>

#include "conf/config.h"
#include "conf/diagnostic.h"
#include "worker/heritage.h"

namespace worker {

// Reads error pages and certificates, looks up User and Group, resolves names, checks RootJail.
// Returns nothing when it added an error to `diagnostics`. A backend's name that does not resolve
// is a warning, a listener's is an error. May block in the resolver.
std::optional<Heritage> prepare(std::shared_ptr<const conf::Config> config,
                                conf::Diagnostics& diagnostics);

}  // namespace worker
