// The command `times`: how long responses have taken, as counts since the start, of which poundctl
// shows what happened between two moments.
#pragma once

#include "master/control/commands.h"
#include "master/generations.h"
#include "shm/segment.h"

namespace master::control {

// All arguments must outlive `commands`.
void add_times_command(Commands& commands, shm::Segment& segment, const Generations& generations);

}  // namespace master::control
