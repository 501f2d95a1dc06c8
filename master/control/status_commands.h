// Commands that show the state: status, workers, listeners, services, backends, sessions.
#pragma once

#include <functional>
#include <vector>

#include "master/control/commands.h"
#include "shm/status_objects.h"

namespace master::control {

// `status` takes the state as it is now.
void add_status_commands(Commands& commands,
                         std::function<std::vector<shm::StatusObject>()> status);

}  // namespace master::control
