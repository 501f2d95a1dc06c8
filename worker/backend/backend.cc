// A backend as one worker uses it: see backend.h.
#include "worker/backend/backend.h"

#include "conf/address.h"

namespace worker::backend {

namespace {

std::uint64_t milliseconds(std::chrono::seconds seconds) {
  return static_cast<std::uint64_t>(seconds.count()) * 1000;
}

}  // namespace

Backend::Backend(const conf::Backend& backend, const BackendHeritage& inherited,
                 net::EventLoop& loop, net::DeadlineLists& deadlines, route::WaitQueues& queues,
                 shm::Gate& gate)
    : config(backend),
      heritage(inherited),
      pool(loop, deadlines),
      queue(queues, gate),
      timeout(deadlines.of(milliseconds(backend.timeout))),
      connect_timeout(deadlines.of(milliseconds(backend.connect_timeout))) {}

std::string Backend::title() const {
  return config.name + " (" + conf::host_port(config.address, config.port) + ")";
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
