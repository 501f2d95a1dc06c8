// Which requests count for their client in the list of the busiest ones (shm/top_clients.h).
//
// One of kRequestsPerSample on average, so that the list costs little. The gaps are random: with
// even ones a client whose requests come in step with others' would be counted never, or always.
#pragma once

#include <random>

#include "shm/top_clients.h"

namespace worker::transaction {

class ClientSample {
 public:
  bool takes_next(std::mt19937_64& random) {
    if (--left_ != 0) return false;
    left_ = 1 + static_cast<unsigned>(random() % (2 * shm::kRequestsPerSample - 1));
    return true;
  }

 private:
  unsigned left_ = 1;  // requests up to the next one that counts
};

}  // namespace worker::transaction
