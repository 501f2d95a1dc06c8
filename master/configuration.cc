// See configuration.h.
#include "master/configuration.h"

#include <algorithm>
#include <utility>

#include "conf/load.h"
#include "master/clock.h"
#include "master/start_error.h"

namespace master {
namespace {

using Server = conf::SessionStore::Server;

std::vector<worker::net::SocketAddress> known_addresses(const worker::Heritage& active,
                                                        const conf::Backend& wanted) {
  for (std::size_t i = 0; i < active.backends.size(); ++i) {
    const conf::Backend& known = active.config->backends[i];
    const bool is_same = known.address == wanted.address && known.port == wanted.port;
    if (is_same && !active.backends[i].addresses.empty()) return active.backends[i].addresses;
  }
  return {};
}

// All that the store has: its first one that serves counts, whichever name it is from.
std::vector<worker::net::SocketAddress> known_servers(const worker::Heritage& active,
                                                      const conf::SessionStore& wanted,
                                                      const std::string& address) {
  const auto& known = active.config->global.session_store;
  const bool is_same =
      known && known->port == wanted.port &&
      std::ranges::find(known->servers, address, &Server::address) != known->servers.end();
  return is_same ? active.store.servers : std::vector<worker::net::SocketAddress>();
}

}  // namespace

Preparation::Preparation(const std::string& path, const worker::Heritage* active)
    : active_(active) {
  std::optional<conf::Draft> draft = conf::load_draft(path, diagnostics_);
  if (!draft) return;
  config_ = std::make_shared<const conf::Config>(std::move(draft->config));
  worker_.emplace(config_, diagnostics_);
  lookup_.emplace(worker_->names(), Identity{{}, worker_->uid(), worker_->gid()},
                  active_ != nullptr ? active_->segment : nullptr);
  state_ = State::loading;
}

void Preparation::turn(std::uint64_t now_ms) {
  if (lookup_ && !lookup_->is_done()) {
    lookup_->read();
    lookup_->expire(now_ms);
  }
  const std::uint64_t end_ms = now_ms + kPrepareMs;
  while (state_ == State::loading) {
    if (!worker_->step()) state_ = State::resolving;
    if (master::now_ms() >= end_ms) break;
  }
  if (state_ == State::resolving && lookup_->is_done()) take_results();
}

std::uint64_t Preparation::due_ms() const {
  return state_ == State::resolving ? lookup_->due_ms() : kNow;
}

void Preparation::on_exit(pid_t pid) {
  if (lookup_) lookup_->on_exit(pid);
}

void Preparation::complete() {
  while (state_ == State::loading) turn(now_ms());
  if (is_done()) return;
  lookup_->wait();
  turn(now_ms());
}

std::vector<worker::net::Resolved> Preparation::addresses() {
  std::vector<worker::net::Resolved> all = lookup_->answers();
  if (active_ == nullptr) return all;
  for (std::size_t i = 0; i < config_->backends.size(); ++i) {
    const conf::Backend& backend = config_->backends[i];
    if (!all[i].addresses.empty()) continue;
    all[i].addresses = known_addresses(*active_, backend);
    if (all[i].addresses.empty()) continue;
    diagnostics_.warning(conf::Lint::unresolved_name, backend.address_where,
                         "the backend `" + conf::shown(backend.address) + "` does not resolve: " +
                             all[i].error + "; it keeps the addresses it had");
  }
  const auto& store = config_->global.session_store;
  const std::size_t first = all.size() - (store ? store->servers.size() : 0);
  for (std::size_t i = first; i < all.size(); ++i) {
    const Server& server = store->servers[i - first];
    if (!all[i].addresses.empty()) continue;
    all[i].addresses = known_servers(*active_, *store, server.address);
    if (all[i].addresses.empty()) continue;
    diagnostics_.warning(conf::Lint::unresolved_name, server.where,
                         "the session store `" + conf::shown(server.address) +
                             "` does not resolve: " + all[i].error +
                             "; it keeps the addresses it had");
  }
  return all;
}

void Preparation::take_results() {
  state_ = State::done;
  heritage_ = worker_->finish(addresses());
  diagnostics_.sort();
}

void check_rights(const worker::Heritage& heritage, uid_t euid, gid_t egid) {
  if (euid == 0) return;
  const conf::Global& global = heritage.config->global;
  if (heritage.uid.value_or(euid) != euid) {
    throw StartError("User needs root: " + global.user.value_or(""));
  }
  if (heritage.gid.value_or(egid) != egid) {
    const std::string name =
        global.group ? *global.group : "that of User " + global.user.value_or("");
    throw StartError("Group needs root: " + name);
  }
  if (global.root_jail) throw StartError("RootJail needs root: " + *global.root_jail);
}

}  // namespace master
