// The life of a worker process after its privileges are gone.
#pragma once

#include "worker/heritage.h"

namespace worker {

// Runs the loop until drained; reports to the master and takes its orders on heritage.control, as
// worker/control.h says. Returns the process's exit status: 0
// after a drain or SIGTERM, 1 when the start failed (logged). Called once, in the child, with
// default signal dispositions but SIGPIPE, SIGHUP, SIGINT, SIGQUIT, SIGUSR1 ignored. Owns nothing
// of `heritage` but the use of it.
int run(const Heritage& heritage);

}  // namespace worker
