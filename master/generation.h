// A generation: what one reading of the configuration makes. That is the heritage of its workers,
// its rows in the segment and its listening sockets. After a reload two or more generations exist
// side by side.
//
//   starting ──all ready──► active ──the next one is active──► draining ──all gone──► forgotten
//      └─────── a death, 10 s without being ready ───────► abandoned ──all gone──────────┘
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "master/inherited_sockets.h"
#include "master/listener.h"
#include "master/wake_fds.h"
#include "shm/segment.h"
#include "worker/heritage.h"

namespace master {

struct Generation {
  enum class State { starting, active, draining, abandoned };

  shm::Generation number = 1;
  State state = State::starting;
  worker::Heritage heritage;              // without the members that differ from worker to worker
  std::vector<ListeningSockets> sockets;  // of each address of each listener, in their order
  std::optional<ListeningSockets>
      control_socket;  // on which the active generation's master takes commands
  std::shared_ptr<const InheritedSockets> inherited;  // handed on from generation to generation
  // Between the workers, by slot, and the helper; none where no service asks for passwords.
  std::vector<worker::auth::Channel> auth_channels;
  std::uint64_t deadline_ms = 0;  // when draining: workers that are left then are killed

  // What the worker of one slot inherits.
  worker::Heritage heritage_of(shm::Slot slot, shm::Row row, int control) const;
};

// Throws StartError when the system has no random bytes.
worker::route::HashSecret make_session_secret();

// Files of users that have not changed keep the identity that they have in the active generation,
// so that users who are remembered stay so.
void keep_identities(std::vector<worker::auth::UsersFile>& files,
                     const std::vector<worker::auth::UsersFile>& active);

// Binds the sockets and gives every backend, listener and service its row. Those that `previous`
// (may be nullptr) serves already keep their sockets and rows. Changes nothing that other processes
// see: the limits and the liveness of known rows stay as they are until `put_in_force`. Throws
// StartError; the caller then gives back rows that are taken already, with retire_unused.
// `inherited`: null for none.
Generation make_generation(shm::Generation number, worker::Heritage heritage,
                           const Generation* previous, shm::Segment& segment, WakeFds& wake_fds,
                           std::shared_ptr<const InheritedSockets> inherited = nullptr);

// From now on the kernel accepts connections. New addresses come first: if one of them fails, no
// client has come to a socket that `previous` does not serve. Throws StartError.
void listen_all(const Generation& generation, const Generation* previous);

// One log line for each backend that put_in_force() will enable or drain, and each service that it
// will enable or disable, because the file says `Disabled` where it did not before, or the other
// way round.
std::vector<std::string> admin_changes(const Generation& generation);

// Makes the generation's limits and its `Disabled` valid for all processes, and marks backends dead
// whose name has no address.
void put_in_force(const Generation& generation);

// Gives back all rows that none of `generations` uses.
void retire_unused(shm::Segment& segment, const std::vector<const Generation*>& generations);

// "3 listeners kept, 1 added, 0 removed, 2 workers"
std::string describe_change(const Generation& old, const Generation& fresh);

}  // namespace master
