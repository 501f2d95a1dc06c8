// What SIGUSR1 puts into the log: one line for each worker, listener and backend.
#pragma once

#include <string>
#include <vector>

#include "master/generation.h"
#include "master/process_table.h"
#include "shm/segment.h"

namespace master {

std::vector<std::string> status_lines(const Generation& generation, const ProcessTable& processes,
                                      std::uint64_t now_ms);

}  // namespace master
