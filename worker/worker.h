// The life of a worker process after its privileges are gone.
#pragma once

#include "worker/heritage.h"

namespace worker {

// Runs the loop until drained: timers, then one ready byte ('R') on heritage.control; acceptors
// when told to go ('G'), and 'N' when they accept no more. Returns the process's exit status: 0
// after a drain or SIGTERM, 1 when the start failed (logged). Called once, in the child, with
// default signal dispositions but SIGPIPE, SIGHUP, SIGINT, SIGQUIT, SIGUSR1 ignored. Owns nothing
// of `heritage` but the use of it.
int run(const Heritage& heritage);

}  // namespace worker
