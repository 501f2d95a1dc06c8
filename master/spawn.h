// Starts a worker: takes a row of the segment, makes a control socket, forks, and in the child does
// the few steps that make it a worker.
//
// The child never returns into the master's code and runs none of its destructors.
#pragma once

#include "master/generation.h"
#include "master/process_table.h"
#include "shm/segment.h"

namespace master {

// Throws StartError when there is no row, socket or process; then nothing is left over.
Process spawn_worker(const Generation& generation, shm::Slot slot);

}  // namespace master
