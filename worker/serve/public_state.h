// Warns of services that show the state of Pound to everybody.
#pragma once

#include <vector>

#include "conf/config.h"
#include "conf/diagnostic.h"
#include "worker/route/heritage.h"

namespace worker::serve {

// Once the addresses of all listeners are known. A warning for each service with Serve on a public
// address that neither it nor its listener has Clients, Auth or required certificates for.
void warn_of_public_state(const conf::Config& config,
                          const std::vector<route::ListenerHeritage>& listeners,
                          conf::Diagnostics& diagnostics);

}  // namespace worker::serve
