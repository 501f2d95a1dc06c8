// The life of a worker process after it has dropped its privileges.
#pragma once

#include "worker/heritage.h"

namespace worker {

// Enters the sandbox (sandbox/sandbox.h) before it reads a byte of a client or backend. Then runs
// the event loop until the worker has drained or must end. Reports to the master and takes its
// orders on heritage.control, as control.h says. Returns the exit status of the process: 0 after a
// drain or SIGTERM, 1 after a failure, which it logs. Called once, in the child, with default
// signal dispositions except that SIGPIPE, SIGHUP, SIGINT, SIGQUIT and SIGUSR1 are ignored. Borrows
// `heritage`.
int run(const Heritage& heritage);

}  // namespace worker
