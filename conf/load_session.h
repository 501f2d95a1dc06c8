// The key Session of a service: tree → struct.
//
// A number of seconds, or a mapping. Checks what one key of the mapping means for another; how a
// session is found in a request is not known here.
#pragma once

#include "conf/config.h"
#include "conf/section.h"

namespace conf {

// `service` is the section that Session stands in. No sessions when it does not, or for 0 seconds.
SessionPolicy load_session(const Section& service, Diagnostics& diagnostics);

}  // namespace conf
