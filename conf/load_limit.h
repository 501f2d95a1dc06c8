// The key Limit of a listener or a service: what one client may do at most.
//
// Reports keys that do not go together, and rates beyond what the table of rates counts exactly.
#pragma once

#include <vector>

#include "conf/config.h"
#include "conf/section.h"

namespace conf {

// A service cannot limit connections: a connection begins before its first request chooses one.
enum class LimitOwner { listener, service };

std::vector<ClientLimit> load_client_limits(const Section& owner, LimitOwner kind,
                                            Diagnostics& diagnostics);

}  // namespace conf
