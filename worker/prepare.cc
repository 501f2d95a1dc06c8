// What a generation of workers needs from the system: see prepare.h.
#include "worker/prepare.h"

#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <string>
#include <thread>
#include <utility>

#include "conf/address.h"
#include "conf/scalar.h"
#include "worker/allow.h"
#include "worker/log/escape.h"
#include "worker/net/check_system.h"
#include "worker/route/check_edits.h"
#include "worker/serve/load_pages.h"
#include "worker/serve/public_state.h"
#include "worker/store/prepare.h"
#include "worker/tls/backend_context.h"
#include "worker/tls/context.h"
#include "worker/tls/secure_heap.h"

namespace worker {

namespace {

using conf::Diagnostics;

// Nothing, and an error, when there is no such user. `name`: of User, if it is set.
const passwd* find_user(const std::optional<std::string>& name, const conf::Position& where,
                        Diagnostics& diagnostics) {
  if (!name) return nullptr;
  const passwd* const found = ::getpwnam(name->c_str());
  if (found == nullptr) {
    diagnostics.error(
        where, "there is no user `" + log::escaped(*name) + "`; expected a name from /etc/passwd");
  }
  return found;
}

const group* find_group(const std::optional<std::string>& name, const conf::Position& where,
                        Diagnostics& diagnostics) {
  if (!name) return nullptr;
  const group* const found = ::getgrnam(name->c_str());
  if (found == nullptr) {
    diagnostics.error(
        where, "there is no group `" + log::escaped(*name) + "`; expected a name from /etc/group");
  }
  return found;
}

void find_ids(const conf::Config& config, Heritage& heritage, Diagnostics& diagnostics) {
  const conf::Global& global = config.global;
  if (const passwd* const user = find_user(global.user, global.user_where, diagnostics)) {
    heritage.uid = user->pw_uid;
    heritage.gid = user->pw_gid;
  }
  if (const group* const found = find_group(global.group, global.group_where, diagnostics)) {
    heritage.gid = found->gr_gid;
  }
  if (!config.control) return;
  const conf::ControlSocket& control = *config.control;
  if (const passwd* const user = find_user(control.user, control.user_where, diagnostics)) {
    heritage.control_uid = user->pw_uid;
  }
  if (const group* const found = find_group(control.group, control.group_where, diagnostics)) {
    heritage.control_gid = found->gr_gid;
  }
}

// The number of the file among `files`; loads it when it is new.
std::uint32_t find_users(const conf::Auth& auth, std::vector<auth::UsersFile>& files,
                         Diagnostics& diagnostics) {
  const auto known = std::find_if(files.begin(), files.end(), [&](const auth::UsersFile& file) {
    return file.path == auth.users;
  });
  const auto index = static_cast<std::uint32_t>(known - files.begin());
  if (known == files.end()) files.push_back(auth::load_users_file(auth, diagnostics));
  return index;
}

void load_users(const conf::Config& config, Heritage& heritage, Diagnostics& diagnostics) {
  for (std::size_t i = 0; i < config.listeners.size(); ++i) {
    for (const conf::Service& service : config.listeners[i].services) {
      std::optional<std::uint32_t> users;
      if (service.auth) users = find_users(*service.auth, heritage.auth.files, diagnostics);
      heritage.listeners[i].service_users.push_back(users);
    }
  }
}

void take_backends(const conf::Config& config, const net::Resolved* resolved, Heritage& heritage,
                   Diagnostics& diagnostics) {
  for (std::size_t i = 0; i < config.backends.size(); ++i, ++resolved) {
    const conf::Backend& backend = config.backends[i];
    backend::BackendHeritage& one = heritage.backends[i];
    net::check_path(config.global, backend, diagnostics);
    one.addresses = resolved->addresses;
    one.resolve_error = resolved->error;
    if (one.addresses.empty() && !backend.address.empty()) {
      diagnostics.warning(conf::Lint::unresolved_name, backend.address_where,
                          "the backend `" + log::escaped(backend.address) + "` does not resolve: " +
                              log::escaped(resolved->error) + "; it counts as dead until it does");
    }
    for (const conf::AddedLine& line : backend.head_add) one.head_add += line.text + "\r\n";
    one.response_rules = {.relaxed = allowed_rules(backend.allow, Message::response, diagnostics),
                          .fields = backend.max_headers};
  }
}

// Takes the addresses of one listener. `taken` has those of the listeners before it.
void take_addresses(const conf::Listener& listener, const std::vector<net::SocketAddress>& found,
                    std::map<std::string, const conf::Listener*>& taken,
                    route::ListenerHeritage& made, Diagnostics& diagnostics) {
  for (const net::SocketAddress& address : found) {
    const std::string text = net::host_port_text(address);
    const auto [entry, is_new] = taken.emplace(text, &listener);
    if (is_new) {
      made.addresses.push_back(address);
    } else if (entry->second->address != listener.address) {  // otherwise conf::validate said it
      diagnostics.error(listener.address_where, "another listener already has " + text +
                                                    ", an address of `" +
                                                    log::escaped(listener.address) + "`");
      diagnostics.note(entry->second->address_where, "it is here");
    }
  }
}

void take_listeners(const conf::Config& config, const net::Resolved* resolved, Heritage& heritage,
                    Diagnostics& diagnostics) {
  std::map<std::string, const conf::Listener*> taken;
  for (std::size_t i = 0; i < config.listeners.size(); ++i, ++resolved) {
    const conf::Listener& listener = config.listeners[i];
    heritage.listeners[i].name = conf::host_port(listener.address, listener.port);
    if (listener.address.empty()) continue;  // it has an error
    if (resolved->addresses.empty()) {
      diagnostics.error(listener.address_where,
                        "the listener's address `" + log::escaped(listener.address) +
                            "` does not resolve: " + log::escaped(resolved->error) +
                            "; expected an address of this machine");
    } else {
      take_addresses(listener, resolved->addresses, taken, heritage.listeners[i], diagnostics);
      net::check_addresses(listener, heritage.listeners[i].addresses, diagnostics);
    }
  }
}

void find_allowed_rules(const conf::Config& config, Heritage& heritage, Diagnostics& diagnostics) {
  for (std::size_t i = 0; i < config.listeners.size(); ++i) {
    const conf::Listener& listener = config.listeners[i];
    const http::RuleSet common = allowed_rules(listener.allow, Message::request, diagnostics);
    heritage.listeners[i].allowed = common;
    heritage.listeners[i].allowed_methods = allowed_methods(listener.methods, diagnostics);
    for (const conf::Service& service : listener.services) {
      heritage.listeners[i].service_allowed.push_back(
          common.with(allowed_rules(service.allow, Message::request, diagnostics)));
      if (listener.is_whole) check_methods(service, listener, diagnostics);
    }
  }
}

void check_request_ids(const conf::Config& config, Diagnostics& diagnostics) {
  const conf::Global& global = config.global;
  check_request_id(global.request_id, global.request_id_where, diagnostics);
  for (const conf::Listener& one : config.listeners) {
    check_request_id(one.request_id.value_or(""), one.request_id_where, diagnostics);
  }
}

http::ClientField client_field(const std::string& name) {
  using Kind = http::ClientField::Kind;
  if (conf::equal_ignoring_case(name, "X-Forwarded-For")) return {.kind = Kind::x_forwarded_for};
  if (conf::equal_ignoring_case(name, "Forwarded")) return {.kind = Kind::forwarded};
  return {.kind = Kind::single, .name = name};
}

tls::Steps load_rules(const conf::ClientList& list, net::AddressLists& lists,
                      route::ClientRules& rules) {
  rules.only_listed = !list.allow.empty();
  tls::Steps steps = lists.load(list.allow, list.deny, rules.set);
  while (steps.next()) co_yield tls::Step{};
}

unsigned number_of_workers(const conf::Global& global) {
  if (global.workers != 0) return global.workers;
  return std::clamp(std::thread::hardware_concurrency(), 1u, unsigned{shm::kMaxWorkers});
}

}  // namespace

Preparation::Preparation(std::shared_ptr<const conf::Config> config, Diagnostics& diagnostics,
                         OnlyRouting)
    : diagnostics_(diagnostics),
      lists_(diagnostics),
      certificates_(load_certificates()),
      addresses_(load_addresses()) {
  heritage_.config = std::move(config);
  heritage_.listeners.resize(heritage_.config->listeners.size());
  heritage_.backends.resize(heritage_.config->backends.size());
}

Preparation::Preparation(std::shared_ptr<const conf::Config> config, Diagnostics& diagnostics)
    : Preparation(std::move(config), diagnostics, OnlyRouting()) {
  const conf::Global& global = heritage_.config->global;
  serve::load_pages(*heritage_.config, heritage_.pages, heritage_.listeners, diagnostics_);
  find_ids(*heritage_.config, heritage_, diagnostics_);
  net::check_jail(global, heritage_.uid, heritage_.gid, diagnostics_);
  load_users(*heritage_.config, heritage_, diagnostics_);
  heritage_.secrets = auth::load_secrets(global, diagnostics_);
  heritage_.cookie_keys = auth::cookie_keys(heritage_.secrets);
  if (global.session_store) {
    heritage_.store_keys = auth::store_keys(heritage_.secrets);
    heritage_.store.password = store::load_password(*global.session_store, diagnostics_);
  }
  heritage_.workers = number_of_workers(global);
}

std::vector<net::Name> Preparation::names() const {
  std::vector<net::Name> names;
  for (const auto& one : heritage_.config->backends)
    names.push_back({one.address, one.port, false});
  for (const auto& one : heritage_.config->listeners)
    names.push_back({one.address, one.port, true});
  if (const auto& one = heritage_.config->global.session_store) {
    for (net::Name& name : store::names_of(*one)) names.push_back(std::move(name));
  }
  return names;
}

tls::Steps Preparation::load_certificates() {
  const std::vector<conf::Listener>& listeners = heritage_.config->listeners;
  std::vector<const conf::Tls*> all;
  for (const conf::Listener& listener : listeners) {
    if (listener.tls && !listener.tls->certificates.empty()) all.push_back(&*listener.tls);
  }
  tls::reserve_secure_heap(all, diagnostics_);
  for (std::size_t i = 0; i < listeners.size(); ++i) {
    if (!listeners[i].tls) continue;
    tls::Steps steps =
        tls::Context::load(*listeners[i].tls, diagnostics_, heritage_.listeners[i].tls);
    while (steps.next()) co_yield tls::Step{};
    route::ListenerHeritage& made = heritage_.listeners[i];
    if (made.tls) made.certificates = made.tls->dates();
  }
  tls::Trust trust;
  const std::vector<conf::Backend>& backends = heritage_.config->backends;
  for (std::size_t i = 0; i < backends.size(); ++i) {
    if (!backends[i].tls) continue;
    const std::string address = conf::is_path(backends[i].address) ? "" : backends[i].address;
    backend::BackendHeritage& made = heritage_.backends[i];
    made.tls = tls::BackendContext::make(*backends[i].tls, address, trust, diagnostics_);
    if (made.tls) made.certificates = made.tls->dates();
    co_yield tls::Step{};
  }
  if (const auto& one = heritage_.config->global.session_store) {
    store::Heritage& made = heritage_.store;
    made.tls = store::load_tls(*one, trust, diagnostics_);
    if (made.tls) made.certificates = made.tls->dates();
  }
}

tls::Steps Preparation::load_addresses() {
  const conf::Config& config = *heritage_.config;
  const conf::AddressList none;
  for (std::size_t i = 0; i < config.listeners.size(); ++i) {
    const conf::Listener& listener = config.listeners[i];
    const conf::AddressList& trusted =
        listener.trusted_proxies ? *listener.trusted_proxies : config.global.trusted_proxies;
    route::ListenerHeritage& made = heritage_.listeners[i];
    made.trusts_unix = std::ranges::any_of(trusted, &conf::AddressItem::is_unix);
    tls::Steps steps = lists_.load(trusted, none, made.trusted);
    while (steps.next()) co_yield tls::Step{};
    made.client_field =
        client_field(listener.client_field ? *listener.client_field : config.global.client_field);
    tls::Steps rules = load_rules(listener.clients, lists_, made.clients);
    while (rules.next()) co_yield tls::Step{};
    made.service_clients.resize(listener.services.size());
    for (std::size_t k = 0; k < listener.services.size(); ++k) {
      tls::Steps own = load_rules(listener.services[k].clients, lists_, made.service_clients[k]);
      while (own.next()) co_yield tls::Step{};
    }
  }
}

std::optional<Heritage> Preparation::finish(const std::vector<net::Resolved>& resolved) {
  const conf::Config& config = *heritage_.config;
  take_backends(config, resolved.data(), heritage_, diagnostics_);
  take_listeners(config, resolved.data() + config.backends.size(), heritage_, diagnostics_);
  if (config.global.session_store) {
    const std::size_t first = config.backends.size() + config.listeners.size();
    heritage_.store.servers =
        store::take_servers(*config.global.session_store, resolved.data() + first, diagnostics_);
  }
  find_allowed_rules(config, heritage_, diagnostics_);
  check_request_ids(config, diagnostics_);
  route::check_edits(config, diagnostics_);
  serve::warn_of_public_state(config, heritage_.listeners, diagnostics_);
  if (diagnostics_.has_errors()) return std::nullopt;
  return std::move(heritage_);
}

std::optional<Heritage> Preparation::routing(std::shared_ptr<const conf::Config> config,
                                             Diagnostics& diagnostics) {
  Preparation made(std::move(config), diagnostics, OnlyRouting());
  while (made.addresses_.next()) {
  }
  const conf::Config& read = *made.heritage_.config;
  for (std::size_t i = 0; i < read.listeners.size(); ++i) {
    made.heritage_.listeners[i].name =
        conf::host_port(read.listeners[i].address, read.listeners[i].port);
  }
  find_allowed_rules(read, made.heritage_, diagnostics);
  if (diagnostics.has_errors()) return std::nullopt;
  return std::move(made.heritage_);
}

bool free_step(Heritage& heritage) {
  for (route::ListenerHeritage& listener : heritage.listeners) {
    if (!listener.tls) continue;
    if (!listener.tls->free_step()) listener.tls.reset();
    return true;
  }
  for (backend::BackendHeritage& backend : heritage.backends) {
    if (!backend.tls) continue;
    backend.tls.reset();
    return true;
  }
  heritage.store.tls.reset();
  return false;
}

}  // namespace worker
