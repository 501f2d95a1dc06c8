// See generation.h.
#include "master/generation.h"

#include <sys/random.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>

#include "conf/address.h"
#include "conf/diagnostic.h"
#include "conf/service.h"
#include "master/clock.h"
#include "master/limits.h"
#include "master/published_addresses.h"
#include "master/start_error.h"
#include "master/words.h"

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
    heritage.backends[i].published = &segment.backend_addresses();
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

void enroll_services(worker::Heritage& heritage, shm::Segment& segment) {
  std::map<std::string, unsigned> twins;
  std::vector<shm::ServiceId> ids;
  for (std::size_t i = 0; i < heritage.listeners.size(); ++i) {
    for (const conf::Service& service : heritage.config->listeners[i].services) {
      const std::string what = conf::service_identity(heritage.listeners[i].name, service);
      ids.push_back(shm::make_service_id(what, twins[what]++));
    }
  }
  const auto rows = segment.services().enroll(ids);
  if (!rows) throw StartError("more than " + std::to_string(shm::kMaxServices) + " services");
  auto next = rows->begin();
  for (std::size_t i = 0; i < heritage.listeners.size(); ++i) {
    const auto count = static_cast<std::ptrdiff_t>(heritage.config->listeners[i].services.size());
    heritage.listeners[i].service_rows.assign(next, next + count);
    next += count;
  }
}

const ListeningSockets* find_sockets(const Generation* among,
                                     const worker::net::SocketAddress& of) {
  if (among == nullptr) return nullptr;
  for (const ListeningSockets& sockets : among->sockets) {
    if (same_address(sockets.address, of)) return &sockets;
  }
  return nullptr;
}

// The probe would also find a socket of the previous generation, which is no reason to refuse.
bool is_ours(const Generation* previous, const worker::net::SocketAddress& address) {
  return previous != nullptr && std::any_of(previous->sockets.begin(), previous->sockets.end(),
                                            [&](const ListeningSockets& sockets) {
                                              return overlap(sockets.address, address);
                                            });
}

// A name has addresses that its configuration does not show, so the message says where it stands.
std::string with_origin(const std::string& what, const conf::Listener& listener,
                        const worker::net::SocketAddress& address) {
  if (worker::net::host_text(address) == listener.address) return what;
  conf::Diagnostics message;
  message.error(listener.where,
                what + "; it is an address of `" + conf::shown(listener.address) + "`");
  return message.headlines().front();
}

const InheritedSockets::Socket* find_inherited(const Generation& generation,
                                               const worker::net::SocketAddress& address) {
  return generation.inherited ? generation.inherited->find(address) : nullptr;
}

// The sockets of an address, as far as they are there already.
ListeningSockets begin_sockets(const Generation& generation, const Generation* previous,
                               const worker::net::SocketAddress& address) {
  if (const ListeningSockets* const kept = find_sockets(previous, address)) return *kept;
  ListeningSockets made{.address = address, .all = {}};
  if (const auto* const inherited = find_inherited(generation, address)) {
    made.all.push_back(inherited->fd);
    made.is_inherited = true;
  }
  return made;
}

// Binds nothing unless every address is free. The error names all that are not.
void bind_all(Generation& generation, const Generation* previous) {
  const worker::Heritage& heritage = generation.heritage;
  std::vector<std::string> refused;
  for (std::size_t i = 0; i < heritage.listeners.size(); ++i) {
    for (const worker::net::SocketAddress& address : heritage.listeners[i].addresses) {
      try {
        const bool is_known = is_ours(previous, address) || find_inherited(generation, address);
        if (!is_known) probe_address(address);
      } catch (const StartError& error) {
        refused.push_back(with_origin(error.what(), heritage.config->listeners[i], address));
      }
    }
  }
  if (!refused.empty()) throw StartError(std::move(refused));
  for (std::size_t i = 0; i < heritage.listeners.size(); ++i) {
    for (const worker::net::SocketAddress& address : heritage.listeners[i].addresses) {
      generation.sockets.push_back(begin_sockets(generation, previous, address));
      ListeningSockets& sockets = generation.sockets.back();
      sockets.access = {heritage.config->listeners[i].mode, heritage.gid};
      bind_slots(sockets, heritage.workers);
    }
  }
}

// After a boot, /run is empty.
void make_folder_of(const std::string& path) {
  std::error_code error;  // the socket cannot be bound then
  std::filesystem::create_directory(std::filesystem::path(path).parent_path(), error);
}

void bind_control(Generation& generation, const Generation* previous) {
  const worker::Heritage& heritage = generation.heritage;
  const auto& wanted = heritage.config->control;
  if (!wanted) return;
  const worker::net::SocketAddress address = worker::net::path_address(wanted->path);
  const bool is_kept = previous != nullptr && previous->control_socket &&
                       previous->control_socket->address == address;
  generation.control_socket =
      is_kept ? *previous->control_socket : ListeningSockets{.address = address, .all = {}};
  generation.control_socket->access = {wanted->mode, heritage.control_gid, heritage.control_uid};
  if (is_kept) return;
  make_folder_of(wanted->path);
  bind_slots(*generation.control_socket, 1);
}

// Whether a socket of `generation` belongs to an address of this listener.
bool serves(const Generation& generation, const worker::route::ListenerHeritage& listener) {
  return std::any_of(listener.addresses.begin(), listener.addresses.end(),
                     [&](const worker::net::SocketAddress& address) {
                       return find_sockets(&generation, address) != nullptr;
                     });
}

std::size_t count_served(const Generation& generation, const Generation& listeners_of) {
  const auto& listeners = listeners_of.heritage.listeners;
  return static_cast<std::size_t>(
      std::count_if(listeners.begin(), listeners.end(),
                    [&](const auto& listener) { return serves(generation, listener); }));
}

void judge_address(const worker::backend::BackendHeritage& backend, shm::Segment& segment) {
  shm::BackendTable& table = segment.backends();
  const shm::Liveness liveness = table.liveness(backend.row);
  correct_addresses(backend, segment);
  if (backend.addresses.empty()) {
    table.mark_dead(backend.row, shm::DeadReason::dns, now_ms());
  } else if (!liveness.live && liveness.reason == shm::DeadReason::dns) {
    table.mark_live(backend.row, now_ms());
  }
}

// Calls visit(service, row, name).
template <class Visit>
void for_each_service(const worker::Heritage& heritage, Visit visit) {
  for (std::size_t i = 0; i < heritage.listeners.size(); ++i) {
    const worker::route::ListenerHeritage& listener = heritage.listeners[i];
    const std::vector<conf::Service>& services = heritage.config->listeners[i].services;
    for (std::size_t k = 0; k < services.size(); ++k) {
      visit(services[k], listener.service_rows[k], worker::route::service_name(listener.name, k));
    }
  }
}

template <class Table>
void retire_all_but(Table& table, const std::set<std::uint32_t>& used) {
  for (std::uint32_t row = 0; row < table.size(); ++row) {
    if (table.enrolled(row) && used.count(row) == 0) table.retire(row);
  }
}

}  // namespace

worker::Heritage Generation::heritage_of(shm::Slot slot, shm::Row row, int control) const {
  worker::Heritage own = heritage;
  own.slot = slot;
  own.row = row;
  own.generation = number;
  own.sleeper = heritage.sleepers.at(row);
  own.control = control;
  if (slot < auth_channels.size()) own.auth.channel = auth_channels[slot].worker_end.get();
  auto next = sockets.begin();
  for (worker::route::ListenerHeritage& listener : own.listeners) {
    for (std::size_t i = 0; i < listener.addresses.size(); ++i, ++next) {
      if (next->is_shared()) {
        listener.sockets.push_back({next->all.front()->get(), slot, true});
        continue;
      }
      for (std::size_t k = 0; k < next->all.size(); ++k) {
        const auto owner = static_cast<shm::Slot>(k % own.workers);
        listener.sockets.push_back({next->all[k]->get(), owner});
      }
    }
  }
  return own;
}

worker::route::HashSecret make_session_secret() {
  worker::route::HashSecret secret{};
  if (::getrandom(secret.data(), sizeof secret, 0) != static_cast<ssize_t>(sizeof secret)) {
    throw StartError("no random bytes for the session keys", errno);
  }
  return secret;
}

void keep_identities(std::vector<worker::auth::UsersFile>& files,
                     const std::vector<worker::auth::UsersFile>& active) {
  for (worker::auth::UsersFile& file : files) {
    const auto same = std::find_if(active.begin(), active.end(), [&](const auto& known) {
      return known.path == file.path && worker::auth::same_users(known, file);
    });
    if (same != active.end()) file.identity = same->identity;
  }
}

Generation make_generation(shm::Generation number, worker::Heritage heritage,
                           const Generation* previous, shm::Segment& segment, WakeFds& wake_fds,
                           std::shared_ptr<const InheritedSockets> inherited) {
  Generation made;
  made.inherited = std::move(inherited);
  made.number = number;
  made.heritage = std::move(heritage);
  bind_all(made, previous);
  bind_control(made, previous);
  enroll_backends(made.heritage, segment);
  enroll_listeners(made.heritage, segment);
  enroll_services(made.heritage, segment);
  enroll_limits(made.heritage, segment);
  if (!made.heritage.auth.files.empty()) {
    for (unsigned slot = 0; slot < made.heritage.workers; ++slot) {
      made.auth_channels.push_back(worker::auth::make_channel());
    }
  }
  made.heritage.segment = &segment;
  made.heritage.doorbell = wake_fds.doorbell_button();
  made.heritage.wake_fds = wake_fds.wakers();
  made.heritage.sleepers = wake_fds.sleepers();
  return made;
}

void listen_all(const Generation& generation, const Generation* previous) {
  for (const bool is_known : {false, true}) {
    for (const ListeningSockets& sockets : generation.sockets) {
      if ((find_sockets(previous, sockets.address) != nullptr) == is_known) sockets.listen();
    }
  }
  if (generation.control_socket) generation.control_socket->listen();
}

std::vector<std::string> admin_changes(const Generation& generation) {
  std::vector<std::string> lines;
  const worker::Heritage& heritage = generation.heritage;
  const shm::AdminStates& admin = heritage.segment->backends().admin();
  for (std::size_t i = 0; i < heritage.backends.size(); ++i) {
    const conf::Backend& config = heritage.config->backends[i];
    const std::uint32_t row = heritage.backends[i].row;
    if (!admin.would_change(row, config.disabled)) continue;
    lines.push_back("backend " + config.name + " (" + conf::host_port(config.address, config.port) +
                    ") is " + (config.disabled ? "drained" : "enabled") +
                    " by the configuration; it was " + std::string(to_text(admin.state(row))));
  }
  const shm::AdminStates& services = heritage.segment->services().admin();
  for_each_service(heritage, [&](const conf::Service& service, std::uint32_t row,
                                 const std::string& name) {
    if (!services.would_change(row, service.disabled)) return;
    lines.push_back("service " + name + " is " + (service.disabled ? "disabled" : "enabled") +
                    " by the configuration; it was " + std::string(to_text(services.state(row))));
  });
  return lines;
}

void put_in_force(const Generation& generation) {
  const worker::Heritage& heritage = generation.heritage;
  shm::Segment& segment = *heritage.segment;
  for (std::size_t i = 0; i < heritage.backends.size(); ++i) {
    const worker::backend::BackendHeritage& backend = heritage.backends[i];
    const conf::Backend& config = heritage.config->backends[i];
    segment.backends().slots(backend.row).set_limit(config.threads);
    segment.backends().set_recovery(
        backend.row, {.warmup_ms = static_cast<std::uint64_t>(config.warmup.count()) * 1000,
                      .is_checked = config.check.has_value(),
                      .may_be_ejected = config.eject.has_value()});
    segment.backends().admin().follow_file(backend.row, config.disabled, now_ms());
    judge_address(backend, segment);
  }
  for (std::size_t i = 0; i < heritage.listeners.size(); ++i) {
    const conf::Listener& listener = heritage.config->listeners[i];
    const std::uint32_t row = heritage.listeners[i].row;
    segment.listeners().slots(row).set_limit(listener.threads);
    segment.listeners().stream_gate(row).set_limit(listener.max_streams);
  }
  for_each_service(
      heritage, [&](const conf::Service& service, std::uint32_t row, const std::string& /*name*/) {
        segment.services().admin().follow_file(row, service.disabled, now_ms());
      });
  put_limits_in_force(heritage, segment);
}

void retire_unused(shm::Segment& segment, const std::vector<const Generation*>& generations) {
  std::set<std::uint32_t> backends;
  std::set<std::uint32_t> listeners;
  std::set<std::uint32_t> services;
  for (const Generation* generation : generations) {
    for (const auto& backend : generation->heritage.backends) backends.insert(backend.row);
    for (const auto& listener : generation->heritage.listeners) {
      listeners.insert(listener.row);
      services.insert(listener.service_rows.begin(), listener.service_rows.end());
    }
  }
  retire_all_but(segment.backends(), backends);
  retire_all_but(segment.listeners(), listeners);
  retire_all_but(segment.services(), services);
  retire_unused_limits(segment, generations);
}

std::string describe_change(const Generation& old, const Generation& fresh) {
  const std::size_t kept = count_served(old, fresh);
  const std::size_t removed = old.heritage.listeners.size() - count_served(fresh, old);
  return count_of(kept, "listener") + " kept, " +
         std::to_string(fresh.heritage.listeners.size() - kept) + " added, " +
         std::to_string(removed) + " removed, " + count_of(fresh.heritage.workers, "worker");
}

}  // namespace master
