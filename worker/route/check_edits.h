// Whether a configuration's edits may be made. Part of the privileged half of the start.
#pragma once

#include "conf/config.h"
#include "conf/diagnostic.h"

namespace worker::route {

// Reports fields of Request and Reply that only Pound may write (http/fixed_fields.h), and
// texts of Rewrite that no path may have.
void check_edits(const conf::Config& config, conf::Diagnostics& diagnostics);

}  // namespace worker::route
