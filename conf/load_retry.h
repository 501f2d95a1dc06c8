// The key Retry of a service: tree → struct.
#pragma once

#include <optional>

#include "conf/config.h"
#include "conf/section.h"

namespace conf {

// Nothing without the key. What the mapping leaves out: once, after each cause that `When` knows,
// and idempotent methods only. Reports unknown causes, and names that are no methods.
std::optional<RetryPolicy> load_retry(const Section& service, Diagnostics& diagnostics);

}  // namespace conf
