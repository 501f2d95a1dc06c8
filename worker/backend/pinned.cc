// An idle connection to a backend that belongs to one client: see pinned.h.
#include "worker/backend/pinned.h"

#include <utility>

#include "worker/backend/backend.h"

namespace worker::backend {

PinnedUpstream::PinnedUpstream(net::EventLoop& loop, Backend& backend,
                               std::unique_ptr<UpstreamConnection> upstream)
    : loop_(loop), backend_(backend), upstream_(std::move(upstream)) {
  upstream_->deadline().stop();
  upstream_->set_user(*this);
  upstream_->reused = true;
}

std::unique_ptr<UpstreamConnection> PinnedUpstream::take() {
  if (upstream_ && !(upstream_->is_quiet() && backend_.has(*upstream_))) drop();
  return std::move(upstream_);
}

void PinnedUpstream::drop() {
  if (!upstream_) return;
  upstream_->close();
  loop_.dispose(std::move(upstream_));
}

}  // namespace worker::backend
