// Idle connections to one backend, kept for later requests of this worker.
//
// Last in, first out: requests use the most recent connection, and the oldest ones reach their idle
// timeout. Owns the idle connections and closes them when they end. Does not know whether the
// backend is live.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "worker/backend/addresses.h"
#include "worker/backend/connection.h"

namespace worker::backend {

inline constexpr std::size_t kMaxIdleUpstreams = 1024;    // to one backend from one worker
inline constexpr std::uint64_t kUpstreamIdleMs = 60'000;  // then an idle connection is closed

class UpstreamPool final : public UpstreamUser {
 public:
  UpstreamPool(net::EventLoop& loop, net::DeadlineLists& deadlines)
      : loop_(loop), idle_deadlines_(deadlines.of(kUpstreamIdleMs)) {}
  UpstreamPool(const UpstreamPool&) = delete;
  UpstreamPool& operator=(const UpstreamPool&) = delete;

  // A connection to `address` (0: to any) on which nothing has come since its last response;
  // nullptr when there is none. It looks at the socket itself, because the loop reports what comes
  // during a turn in the next turn.
  std::unique_ptr<UpstreamConnection> take(shm::AddressKey address = 0);
  // Keeps the connection, or closes it when the pool is full.
  void put(std::unique_ptr<UpstreamConnection> upstream);
  void clear();                                  // closes all idle connections
  void keep_only(const AddressList& addresses);  // closes those to other addresses
  std::size_t size() const { return idle_.size(); }

  // A backend that sends bytes or closes without a request makes the connection unusable.
  void on_upstream_event(UpstreamConnection& upstream) override {
    if (!upstream.is_quiet()) drop(upstream);
  }
  void on_upstream_deadline(UpstreamConnection& upstream) override { drop(upstream); }

 private:
  void drop(UpstreamConnection& upstream);

  net::EventLoop& loop_;
  net::DeadlineList& idle_deadlines_;
  std::vector<std::unique_ptr<UpstreamConnection>> idle_;
};

}  // namespace worker::backend
