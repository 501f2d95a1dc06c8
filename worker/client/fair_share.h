// Balances clients among workers: decides whether this worker has more than its share.
//
// The kernel distributes new clients to the workers' sockets by a hash of their addresses. That is
// even only for many clients, and ignores load. So a worker that has clearly more clients than
// another one leaves a new client in the socket's queue and invites the other worker to accept it.
// Owns measured request rates; the counts of clients and requests are in the segment. Never accepts
// a client, never blocks, never fails. Times are CLOCK_MONOTONIC milliseconds.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "shm/ids.h"
#include "shm/worker_table.h"

namespace worker::client {

class FairShare {
 public:
  // `wake_fds` wake the processes of the rows (net/wake.h) and outlive this object. `row` is this
  // worker's.
  FairShare(shm::WorkerTable& workers, shm::Row row, const std::vector<int>& wake_fds);

  // While this worker has at most `most_clients`, it accepts a new client itself. With more, it
  // leaves the client to the worker of `row`.
  struct Threshold {
    std::uint32_t most_clients = UINT32_MAX;
    shm::Row row = 0;
  };
  Threshold threshold(std::uint64_t now_ms) const;

  // Asks the worker of `row` to accept from the sockets of `slot`, and notifies it.
  void invite(shm::Row row, shm::Slot slot);
  // Does the same to this worker, for its next turn.
  void invite_self(shm::Slot slot) { invite(row_, slot); }
  // The slots that this worker was invited to since the last call: bit n is slot n.
  std::uint64_t take_invitations() { return workers_.take_invitations(row_); }

  // Measures the request rate of each worker, and whether this worker's clients stay. `departed` is
  // the number of clients that have left this worker since its start. Call it at equal intervals.
  void tick(std::uint64_t departed);
  // The slots below `slots` without a worker that accepts or starts: bit n is slot n.
  std::uint64_t orphans(unsigned slots, std::uint64_t now_ms) const;

 private:
  struct Pace {
    std::uint64_t requests = 0;  // at the last tick
    double rate = 0;             // requests per tick, as an exponential moving average
  };

  shm::WorkerTable& workers_;
  shm::Row row_;
  shm::Generation generation_;
  const std::vector<int>& wake_fds_;
  std::uint64_t departed_ = 0;  // at the last tick
  bool clients_stay_ = true;
  std::array<Pace, shm::kMaxRows> paces_{};
};

}  // namespace worker::client
