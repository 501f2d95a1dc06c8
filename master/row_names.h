// What people call the rows of the segment: names from the configuration, by row.
#pragma once

#include "shm/status_text.h"
#include "worker/heritage.h"

namespace master {

// Adds those of one generation; a row that several generations know is called as the last one says.
void add_names(shm::RowNames& names, const worker::Heritage& heritage);

}  // namespace master
