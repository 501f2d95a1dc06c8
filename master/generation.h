// What one reading of the configuration makes: the heritage of its workers, its rows in the
// segment, its listening sockets. Two generations live side by side during a reload.
#pragma once

#include <memory>
#include <vector>

#include "master/bells.h"
#include "master/listener.h"
#include "shm/segment.h"
#include "worker/heritage.h"

namespace master {

struct Generation {
  shm::Generation number = 1;
  worker::Heritage heritage;  // all but what differs from worker to worker
  // By listener, as in the configuration.
  std::vector<std::shared_ptr<ListeningSockets>> sockets;

  // What the worker of one slot inherits.
  worker::Heritage heritage_of(shm::Slot slot, shm::Row row, int control) const;
};

// Gives every backend and listener its row; a backend whose name did not resolve is dead from the
// start. Throws StartError when a table is full.
// Throws StartError when the system has no random bytes to give.
worker::HashSecret make_session_secret();

void enroll(worker::Heritage& heritage, shm::Segment& segment);

// Binds all that is served: nothing is bound unless every address is free. Throws StartError.
std::vector<std::shared_ptr<ListeningSockets>> bind_all(const worker::Heritage& heritage);

// Adds what the master knows to a heritage that is enrolled already.
Generation make_generation(shm::Generation number, worker::Heritage heritage, int detail,
                           shm::Segment& segment, const Bells& bells);

}  // namespace master
