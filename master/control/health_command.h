// The command `health`: whether clients may be sent to this machine.
//
// For the check scripts of VRRP daemons and balancers. The answer is "healthy", or a refusal with
// the reason. It takes no lock and reads a few words for each backend.
#pragma once

#include <functional>
#include <string>

#include "master/control/commands.h"
#include "shm/segment.h"
#include "worker/heritage.h"

namespace master::control {

// What the supervisor knows about itself.
struct Serving {
  const worker::Heritage* heritage;  // of the active generation
  std::string why_not;               // empty: workers take clients
};

// All arguments must outlive `commands`.
void add_health_command(Commands& commands, shm::Segment& segment,
                        std::function<Serving()> serving);

}  // namespace master::control
