// See generation.h.
#include "master/generation.h"

#include <sys/random.h>

#include <map>
#include <string>
#include <tuple>
#include <utility>

#include "master/clock.h"
#include "master/start_error.h"

namespace master {
namespace {

void enroll_backends(worker::Heritage& heritage, shm::Segment& segment) {
  std::map<std::tuple<std::string, std::string, std::uint16_t>, unsigned> twins;
  for (std::size_t i = 0; i < heritage.backends.size(); ++i) {
    const conf::Backend& backend = heritage.config->backends[i];
    const unsigned occurrence = twins[{backend.name, backend.address, backend.port}]++;
    const shm::BackendId id =
        shm::make_backend_id(backend.name, backend.address, backend.port, occurrence);
    const auto row = segment.backends().enroll(id, backend.threads, now_ms());
    if (!row) throw StartError("more than " + std::to_string(shm::kMaxBackends) + " backends");
    heritage.backends[i].row = *row;
    heritage.backends[i].id = id;
    if (heritage.backends[i].addresses.empty()) {
      segment.backends().mark_dead(*row, shm::DeadReason::dns, now_ms());
    }
  }
}

void enroll_listeners(worker::Heritage& heritage, shm::Segment& segment) {
  for (std::size_t i = 0; i < heritage.listeners.size(); ++i) {
    const conf::Listener& listener = heritage.config->listeners[i];
    const auto row = segment.listeners().enroll(
        shm::make_listener_id(listener.address, listener.port), listener.threads);
    if (!row) throw StartError("more than " + std::to_string(shm::kMaxListeners) + " listeners");
    heritage.listeners[i].row = *row;
  }
}

}  // namespace

worker::Heritage Generation::heritage_of(shm::Slot slot, shm::Row row, int control) const {
  worker::Heritage own = heritage;
  own.slot = slot;
  own.row = row;
  own.generation = number;
  own.control = control;
  for (std::size_t i = 0; i < sockets.size(); ++i) {
    own.listeners[i].socket = sockets[i]->by_slot[slot].get();
  }
  return own;
}

worker::HashSecret make_session_secret() {
  worker::HashSecret secret{};
  if (::getrandom(secret.data(), sizeof secret, 0) != static_cast<ssize_t>(sizeof secret)) {
    throw StartError("no random bytes for the session keys");
  }
  return secret;
}

void enroll(worker::Heritage& heritage, shm::Segment& segment) {
  enroll_backends(heritage, segment);
  enroll_listeners(heritage, segment);
}

std::vector<std::shared_ptr<ListeningSockets>> bind_all(const worker::Heritage& heritage) {
  const std::vector<conf::Listener>& listeners = heritage.config->listeners;
  for (std::size_t i = 0; i < listeners.size(); ++i) {
    probe_address(heritage.listeners[i].address);
  }
  std::vector<std::shared_ptr<ListeningSockets>> sockets(listeners.size());
  for (std::size_t i = 0; i < listeners.size(); ++i) {
    sockets[i] = bind_listener(heritage.listeners[i].address, heritage.workers);
  }
  return sockets;
}

Generation make_generation(shm::Generation number, worker::Heritage heritage, int detail,
                           shm::Segment& segment, const Bells& bells) {
  Generation made;
  made.number = number;
  made.sockets = bind_all(heritage);
  made.heritage = std::move(heritage);
  made.heritage.segment = &segment;
  made.heritage.detail = detail;
  made.heritage.doorbell = bells.doorbell();
  made.heritage.wake_fds = bells.wake_fds();
  return made;
}

}  // namespace master
