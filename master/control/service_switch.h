// Disables and enables a service: the part of drain, disable and enable that is about services.
#pragma once

#include <sys/types.h>

#include <string>

#include "master/control/backend_names.h"
#include "master/log_queue.h"
#include "shm/segment.h"
#include "worker/heritage.h"

namespace master::control {

// Sets the state in the segment, which workers obey at once, and logs a change. Returns the answer
// to the operator. Throws Refused for `drained`: a service has no clients of its own that may stay.
std::string switch_service(const worker::Heritage& heritage, const NamedService& which,
                           shm::AdminState wanted, uid_t uid, shm::Segment& segment,
                           LogQueue& log_queue);

}  // namespace master::control
