// The limits on clients of a generation: their rows in the segment.
//
// Called by generation.cc. A limit is the same one after a reload if its listener
// or service is, with its number there and what tells its clients apart. Its rate may be another.
#pragma once

#include <cstdint>
#include <vector>

#include "shm/segment.h"
#include "worker/heritage.h"

namespace master {

struct Generation;

// After the services have their rows. Throws StartError when there are too many limits.
void enroll_limits(worker::Heritage& heritage, shm::Segment& segment);
// Before the generation's workers accept clients.
void put_limits_in_force(const worker::Heritage& heritage, shm::Segment& segment);
// Retires the rows that no generation uses any more.
void retire_unused_limits(shm::Segment& segment, const std::vector<const Generation*>& generations);

}  // namespace master
