// What one reading of the configuration makes: the heritage of its workers, its rows in the
// segment, its listening sockets. Two and more generations live side by side after a reload.
//
//   starting ──all ready──► active ──the next one is active──► draining ──all gone──► forgotten
//      └─────── a death, 10 s without being ready ───────► abandoned ──all gone──────────┘
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "master/listener.h"
#include "master/wake_fds.h"
#include "shm/segment.h"
#include "worker/heritage.h"

namespace master {

struct Generation {
  enum class State { starting, active, draining, abandoned };

  shm::Generation number = 1;
  State state = State::starting;
  worker::Heritage heritage;  // all but what differs from worker to worker
  // By listener, as in the configuration.
  std::vector<ListeningSockets> sockets;
  std::uint64_t deadline_ms = 0;  // when draining: its workers are gone by then, or killed

  // What the worker of one slot inherits.
  worker::Heritage heritage_of(shm::Slot slot, shm::Row row, int control) const;
};

// Throws StartError when the system has no random bytes to give.
worker::route::HashSecret make_session_secret();

// Binds all that is served and gives every backend, listener and service its row; what `previous`
// serves already, if there is one, keeps its sockets and rows. Changes nothing that others see: a
// limit or a verdict on a known row stays as it is until `put_in_force`. Throws StartError; rows
// that were taken by then are to be given back by retire_unused.
Generation make_generation(shm::Generation number, worker::Heritage heritage,
                           const Generation* previous, shm::Segment& segment, WakeFds& wake_fds);

// From now on the kernel lets clients in. Addresses that are new come first: where one fails,
// nobody was let in whom `previous` would not have served. Throws StartError.
void listen_all(const Generation& generation, const Generation* previous);

// What the other processes are to see of a generation from now on: its limits, and which of its
// backends are dead for want of an address.
void put_in_force(const Generation& generation);

// Gives back the rows that none of `generations` names.
void retire_unused(shm::Segment& segment, const std::vector<const Generation*>& generations);

// "3 listeners kept, 1 added, 0 removed, 2 workers"
std::string describe_change(const Generation& old, const Generation& fresh);

}  // namespace master
