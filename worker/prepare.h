// The privileged half of a worker's start, called by the master outside the jail: everything that
// needs a path, a user data base or a resolver. `-c` runs conf::load and this, then ends.
#pragma once

#include <memory>
#include <optional>

#include "conf/config.h"
#include "conf/diagnostic.h"
#include "worker/heritage.h"

namespace worker {

// Reads error pages, looks up User and Group, resolves names, looks at certificates and RootJail.
// Nothing when an error was added to `diagnostics`. A backend whose name does not resolve is a
// warning; a listener's is an error. May block in the resolver.
std::optional<Heritage> prepare(std::shared_ptr<const conf::Config> config,
                                conf::Diagnostics& diagnostics);

}  // namespace worker
