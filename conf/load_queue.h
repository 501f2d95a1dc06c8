// The key Queue of a service: tree → enum.
#pragma once

#include "conf/config.h"
#include "conf/section.h"

namespace conf {

// `service` is the section with the key, `session` its policy, or null if that is faulty. Without
// the key, all requests are equal. Reports an order that needs sessions when the service has none.
QueueOrder load_queue(const Section& service, const SessionPolicy* session,
                      Diagnostics& diagnostics);

}  // namespace conf
