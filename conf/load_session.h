// The key Session of a service: tree → struct.
//
// Takes a number of seconds, or a mapping. Checks which keys of the mapping fit its type. Does not
// know how a session is found in a request.
#pragma once

#include "conf/config.h"
#include "conf/section.h"

namespace conf {

// `service` is the section with the key. No sessions when the key is absent or for 0 seconds.
SessionPolicy load_session(const Section& service, Diagnostics& diagnostics);

}  // namespace conf
