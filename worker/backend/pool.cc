// Idle connections to one backend: see pool.h.
#include "worker/backend/pool.h"

#include <algorithm>

namespace worker::backend {

std::unique_ptr<UpstreamConnection> UpstreamPool::take(shm::AddressKey address) {
  for (std::size_t i = idle_.size(); i-- > 0;) {
    if (address != 0 && idle_[i]->address() != address) continue;
    std::unique_ptr<UpstreamConnection> upstream = std::move(idle_[i]);
    idle_.erase(idle_.begin() + static_cast<std::ptrdiff_t>(i));
    if (upstream->is_quiet()) {
      upstream->deadline().stop();
      return upstream;
    }
    upstream->close();
    loop_.dispose(std::move(upstream));
  }
  return nullptr;
}

void UpstreamPool::put(std::unique_ptr<UpstreamConnection> upstream) {
  if (idle_.size() >= kMaxIdleUpstreams) {
    upstream->close();
    loop_.dispose(std::move(upstream));
    return;
  }
  upstream->set_user(*this);
  upstream->reused = true;
  upstream->deadline().start(idle_deadlines_, net::EventLoop::now_ms());
  idle_.push_back(std::move(upstream));
}

void UpstreamPool::clear() {
  while (!idle_.empty()) drop(*idle_.back());
}

void UpstreamPool::keep_only(const AddressList& addresses) {
  for (std::size_t i = idle_.size(); i-- > 0;) {
    if (!addresses.has(idle_[i]->address())) drop(*idle_[i]);
  }
}

void UpstreamPool::drop(UpstreamConnection& upstream) {
  const auto found = std::find_if(
      idle_.begin(), idle_.end(),
      [&](const std::unique_ptr<UpstreamConnection>& one) { return one.get() == &upstream; });
  upstream.close();
  loop_.dispose(std::move(*found));
  idle_.erase(found);
}

}  // namespace worker::backend
