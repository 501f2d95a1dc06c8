// Reads the operator's pages: ErrNNN, Maintenance and Respond. Part of prepare.h.
#pragma once

#include "conf/config.h"
#include "conf/diagnostic.h"
#include "worker/heritage.h"

namespace worker {

// Into the pages of `heritage`, whose listeners are those of `config`. A file that is named several
// times is read once. A file that cannot be read is an error at each place that names it.
void load_pages(const conf::Config& config, Heritage& heritage, conf::Diagnostics& diagnostics);

}  // namespace worker
