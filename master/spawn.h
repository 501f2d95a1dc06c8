// The birth of a worker: a row in the segment, a control socket, a fork; and in the child the few
// steps from master to worker.
//
// The child never returns into the master's code and runs none of its destructors.
#pragma once

#include "master/generation.h"
#include "master/process_table.h"
#include "shm/segment.h"

namespace master {

// Throws StartError when there is no row, socket or process to be had; then nothing is left over.
// With `detached`, the child's standard streams are /dev/null, so that whoever reads the output of
// the command that started the daemon sees its end.
Process spawn_worker(const Generation& generation, shm::Slot slot, bool detached);

}  // namespace master
