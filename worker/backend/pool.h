// Idle connections to one backend, kept for the next request of this worker.
//
// Last in, first out: the warmest connection is used, the coldest ages away. Owns the idle ones.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "worker/backend/connection.h"

namespace worker::backend {

inline constexpr std::size_t kMaxIdleUpstreams = 1024;    // to one backend from one worker
inline constexpr std::uint64_t kUpstreamIdleMs = 60'000;  // longest idleness

class UpstreamPool final : public UpstreamUser {
 public:
  UpstreamPool(net::EventLoop& loop, net::DeadlineLists& deadlines)
      : loop_(loop), idle_deadlines_(deadlines.of(kUpstreamIdleMs)) {}
  UpstreamPool(const UpstreamPool&) = delete;
  UpstreamPool& operator=(const UpstreamPool&) = delete;

  std::unique_ptr<UpstreamConnection> take();  // nullptr when there is none
  void put(std::unique_ptr<UpstreamConnection> upstream);
  void clear();
  std::size_t size() const { return idle_.size(); }

  // An idle connection that says anything, or closes, is of no more use.
  void on_upstream_event(UpstreamConnection& upstream) override { drop(upstream); }
  void on_upstream_deadline(UpstreamConnection& upstream) override { drop(upstream); }

 private:
  void drop(UpstreamConnection& upstream);

  net::EventLoop& loop_;
  net::DeadlineList& idle_deadlines_;
  std::vector<std::unique_ptr<UpstreamConnection>> idle_;
};

}  // namespace worker::backend
