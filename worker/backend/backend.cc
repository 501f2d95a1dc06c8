// A backend as one worker uses it: see backend.h.
#include "worker/backend/backend.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "conf/address.h"

namespace worker::backend {

Backend::Backend(const conf::Backend& backend, const BackendHeritage& inherited,
                 net::EventLoop& loop, net::DeadlineLists& deadlines, route::WaitQueues& queues,
                 const shm::SlotGates& gates)
    : config(backend),
      heritage(inherited),
      pool(loop, deadlines),
      slots(queues, gates, route::Slots::Of::backend, inherited.row),
      timeout(deadlines.of(backend.timeout)),
      connect_timeout(deadlines.of(backend.connect_timeout)) {}

std::string Backend::title() const {
  return config.name + " (" + conf::host_port(config.address, config.port) + ")";
}

const std::vector<net::SocketAddress>& Backend::addresses() const {
  if (!heritage.addresses.empty() || heritage.published == nullptr) return heritage.addresses;
  if (!found_.empty()) return found_;
  std::array<shm::Address, shm::kMaxAddresses> published;
  const std::size_t count = heritage.published->read(heritage.row, published);
  for (std::size_t i = 0; i < count; ++i) {
    net::SocketAddress address;
    address.size = std::min<socklen_t>(published[i].size, sizeof published[i].bytes);
    std::memcpy(&address.storage, published[i].bytes.data(), address.size);
    found_.push_back(address);
  }
  return found_;
}

bool Backends::close_idle() {
  bool any = false;
  for (const std::unique_ptr<Backend>& backend : list_) {
    any = any || backend->pool.size() != 0;
    backend->pool.clear();
  }
  return any;
}

}  // namespace worker::backend
