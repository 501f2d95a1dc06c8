// A backend as one worker uses it: see backend.h.
#include "worker/backend/backend.h"

#include "conf/address.h"

namespace worker::backend {

Backend::Backend(const conf::Backend& backend, const BackendHeritage& inherited,
                 net::EventLoop& loop, net::DeadlineLists& deadlines, route::WaitQueues& queues,
                 const shm::SlotGates& gates, unsigned first_turn)
    : config(backend),
      heritage(inherited),
      pool(loop, deadlines),
      slots(queues, gates, route::Slots::Of::backend, inherited.row),
      timeout(deadlines.of(backend.timeout)),
      connect_timeout(deadlines.of(backend.connect_timeout)),
      has_phases(backend.eject.has_value() || backend.warmup.count() != 0),
      addresses_(inherited),
      turn_(first_turn) {}

std::string Backend::title() const {
  return config.name + " (" + conf::host_port(config.address, config.port) + ")";
}

void Backend::refresh_addresses() {
  if (addresses_.refresh()) pool.keep_only(*address_list());
}

bool Backend::has(const UpstreamConnection& upstream) {
  refresh_addresses();
  return address_list()->has(upstream.address());
}

void Backends::find_lists(const conf::Config& config) {
  const auto add = [this](const std::vector<std::size_t>& list) {
    for (const std::size_t index : list) {
      Backend& one = *list_[index];
      if (one.config.eject) one.lists.push_back(&list);
    }
  };
  for (const conf::Listener& listener : config.listeners) {
    for (const conf::Service& service : listener.services) {
      add(service.backends);
      add(service.emergency);
    }
  }
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
