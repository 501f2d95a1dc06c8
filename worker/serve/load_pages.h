// Reads the operator's pages: ErrNNN, Maintenance and Respond. For worker/prepare, before the jail.
#pragma once

#include <vector>

#include "conf/config.h"
#include "conf/diagnostic.h"
#include "worker/http/error_page.h"
#include "worker/route/heritage.h"

namespace worker::serve {

// Those of Global into `pages`, the others into `listeners`, which are those of `config`. A file
// that is named several times is read once. A file that cannot be read is an error at each place
// that names it.
void load_pages(const conf::Config& config, http::ErrorPages& pages,
                std::vector<route::ListenerHeritage>& listeners, conf::Diagnostics& diagnostics);

}  // namespace worker::serve
