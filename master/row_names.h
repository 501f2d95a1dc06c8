// The names of the segment's rows, from the configuration. The segment itself knows only numbers.
#pragma once

#include "shm/status_objects.h"
#include "worker/heritage.h"

namespace master {

// Adds the names of one generation. For a row that several generations use, the last call
// wins. The certificates are those of the last call.
void add_names(shm::RowNames& names, const worker::Heritage& heritage);

}  // namespace master
