// Whether this worker has more than its share of the clients, and who should take the next one.
//
// The kernel deals new clients to the workers' sockets by a hash of their addresses: evenly only
// when they are many, and blind to who is busy. So a worker that has clearly more clients than
// another leaves a new one in the queue where it is, and invites the other to take it from there.
// Owns the view of the others' loads; the numbers themselves are in the segment. Never accepts.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "shm/ids.h"
#include "shm/worker_table.h"

namespace worker::client {

class FairShare {
 public:
  // `wake_fds`: the eventfd of each row. `row` is ours.
  FairShare(shm::WorkerTable& workers, shm::Row row, const std::vector<int>& wake_fds);

  // With up to `clients` of its own a worker keeps a new one, with more it is for `row`.
  struct Verdict {
    std::uint32_t clients = UINT32_MAX;
    shm::Row row = 0;
  };
  Verdict judge(std::uint64_t now_ms) const;

  // Asks the worker of `row` to look at the sockets of `slot`.
  void invite(shm::Row row, shm::Slot slot);
  // Asks ourselves, for the next turn.
  void invite_self(shm::Slot slot) { invite(row_, slot); }
  // The slots whose sockets we are asked to look at, as bits.
  std::uint64_t take_invitations() { return workers_.take_invitations(row_); }

  // Measures who serves how many requests, and whether our clients stay; `left` is how many have
  // left us so far. To be called at equal intervals.
  void tick(std::uint64_t left);
  // Slots below `slots` that have no process which accepts, or will soon, as bits.
  std::uint64_t orphans(unsigned slots, std::uint64_t now_ms) const;

 private:
  struct Pace {
    std::uint64_t requests = 0;  // until the last tick
    double rate = 0;             // since then and, less and less, before
  };

  shm::WorkerTable& workers_;
  shm::Row row_;
  shm::Generation generation_;
  const std::vector<int>& wake_fds_;
  std::uint64_t left_ = 0;
  bool clients_stay_ = true;
  std::array<Pace, shm::kMaxRows> paces_{};
};

}  // namespace worker::client
