// See session_commands.h.
#include "master/control/session_commands.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "conf/address.h"
#include "conf/service.h"
#include "master/clock.h"
#include "master/control/backend_names.h"
#include "shm/status_json.h"
#include "shm/status_objects.h"
#include "shm/status_text.h"
#include "worker/route/hash_key.h"
#include "worker/route/inserted_cookie.h"
#include "worker/route/session_affinity.h"
#include "worker/route/shared_sessions.h"

namespace master::control {
namespace {

using Kind = shm::StatusField::Kind;
using Objects = std::vector<shm::StatusObject>;
using Type = conf::SessionPolicy::Type;

// A service, and what it takes to find its sessions.
struct Desk {
  const worker::Heritage& heritage;
  std::string name;
  const conf::Service& service;
  std::uint32_t row;
  worker::route::SessionAffinity affinity;
};

Desk open(const worker::Heritage& heritage, const std::string& name, shm::Segment& segment) {
  const NamedService found = find_service(heritage, name);
  const worker::route::ListenerHeritage& listener = heritage.listeners[found.listener];
  const conf::Service& service = heritage.config->listeners[found.listener].services[found.service];
  const std::uint32_t row = listener.service_rows[found.service];
  if (service.session.type == Type::none) {
    throw Refused("service " + name + " keeps no sessions");
  }
  const worker::route::Sharings sharings(*heritage.config, heritage.store_keys);
  return {heritage, name, service, row,
          worker::route::SessionAffinity(service.session,
                                         conf::service_identity(listener.name, service), row,
                                         heritage.session_secret, segment.sessions(), {},
                                         shm::Trust::confirmed, sharings.of(service))};
}

[[noreturn]] void refuse_busy() {
  throw Refused("a worker is changing the table at this moment; try again");
}

void require_table(const Desk& desk) {
  if (desk.service.session.type != Type::insert) return;
  throw Refused("the sessions of service " + desk.name + " are in the cookies of its clients");
}

shm::SessionKey key_of(Desk& desk, const std::string& text,
                       worker::route::SharedKeys* shared = nullptr) {
  require_table(desk);
  const std::optional<shm::SessionKey> key = desk.affinity.key_of_text(text, shared);
  if (key) return *key;
  throw Refused(desk.service.session.type == Type::ip
                    ? "a session of service " + desk.name + " has an IP address for its key"
                    : "no session has such a key");
}

shm::StatusField text_field(std::string_view key, std::string value) {
  const Kind kind = value.empty() ? Kind::none : Kind::text;
  return {std::string(key), kind, std::move(value)};
}

shm::StatusField number_field(std::string_view key, std::uint64_t value) {
  return {std::string(key), Kind::number, std::to_string(value)};
}

void add_backend(shm::StatusObject& object, const Desk& desk, std::optional<std::size_t> backend) {
  const conf::Config& config = *desk.heritage.config;
  object.fields.push_back(text_field("backend", backend ? config.backends[*backend].name : ""));
  object.fields.push_back(text_field(
      "address",
      backend ? conf::host_port(config.backends[*backend].address, config.backends[*backend].port)
              : ""));
}

// The backend of the configuration; nothing when it has left the service.
std::optional<std::size_t> backend_of(const Desk& desk, shm::BackendId id) {
  for (const std::size_t i : desk.service.backends) {
    if (desk.heritage.backends[i].id == id) return i;
  }
  return std::nullopt;
}

shm::StatusObject session_object(const Desk& desk, const shm::SessionView& view) {
  shm::StatusObject object{"session", {}};
  add_backend(object, desk, backend_of(desk, view.backend));
  object.fields.push_back(number_field("idle_s", view.idle_s));
  object.fields.push_back(number_field("ttl_s", view.ttl_s));
  object.fields.push_back(text_field("known", view.is_confirmed ? "yes" : "no"));
  return object;
}

std::string text_of(const Objects& objects) {
  std::string text;
  for (const std::string& line : shm::object_lines(objects)) text += line + "\n";
  return text;
}

std::string text_of(const shm::StatusObject& object, bool json) {
  if (!json) return text_of(Objects{object});
  std::string text;
  shm::append_json(text, object);
  return text + "\n";
}

std::string list_json(const Objects& objects, std::uint64_t omitted) {
  std::string text = "{\"sessions\":[";
  for (const shm::StatusObject& object : objects) {
    if (&object != &objects.front()) text += ',';
    shm::append_json(text, object);
  }
  return text + "],\"omitted\":" + std::to_string(omitted) + "}\n";
}

// A value of INSERT's cookie names its backend itself.
shm::StatusObject cookie_object(const Desk& desk, const std::string& text) {
  const worker::Heritage& heritage = desk.heritage;
  const worker::route::InsertedCookie cookie(
      desk.service.session,
      worker::route::backend_identities(*heritage.config, desk.service.backends),
      worker::cookie_keys(heritage));
  const auto named = cookie.find_value(text);
  if (!named) throw Refused("no cookie of service " + desk.name + " has this value");
  shm::StatusObject object{"session", {}};
  add_backend(object, desk, desk.service.backends[named->backend]);
  for (const std::string_view key : {"idle_s", "ttl_s", "known"}) {
    object.fields.push_back(text_field(key, ""));
  }
  return object;
}

}  // namespace

void SessionCommands::add_to(Commands& commands) {
  commands.add({.name = "session",
                .arguments = "show|delete|add SERVICE ...",
                .help = "sessions by hand; KEY is what the client sends",
                .run = [this](Call call) { run(std::move(call)); }});
}

void SessionCommands::run(Call call) {
  std::vector<std::string>& words = call.arguments;
  const std::string what = words.empty() ? "" : words.front();
  // The options stand at the end, as a key may look like one.
  const bool json = what == "show" && words.back() == "--json";
  if (json) words.pop_back();
  if (what == "show" && words.size() == 2) return call.reply.answer(list(words[1], json));
  if (what == "show" && words.size() == 3) return call.reply.answer(show(words[1], words[2], json));
  if (what == "delete" && words.size() == 3) {
    return call.reply.answer(remove(words[1], words[2], call.peer));
  }
  if (what == "add" && words.size() == 4) {
    return call.reply.answer(add(words[1], words[2], words[3], call.peer));
  }
  throw Misused("it is show SERVICE [KEY] [--json], delete SERVICE KEY or add SERVICE KEY BACKEND");
}

std::string SessionCommands::list(const std::string& service_name, bool json) {
  const Desk desk = open(active_(), service_name, segment_);
  require_table(desk);
  Objects objects;
  const std::uint64_t now = now_ms();
  for (const shm::SessionView& view : segment_.sessions().list(desk.row, now, kMostListed)) {
    objects.push_back(session_object(desk, view));
  }
  std::uint64_t all = objects.size();
  if (all == kMostListed) {
    std::vector<std::uint64_t> counts(segment_.services().size());
    segment_.sessions().totals(now, counts);
    all = std::max(all, counts[desk.row]);
  }
  const std::uint64_t omitted = all - objects.size();
  if (json) return list_json(objects, omitted);
  objects.push_back({"end", {number_field("lines", all), number_field("omitted", omitted)}});
  return text_of(objects);
}

std::string SessionCommands::show(const std::string& service_name, const std::string& text,
                                  bool json) {
  Desk desk = open(active_(), service_name, segment_);
  if (desk.service.session.type == Type::insert) {
    return text_of(cookie_object(desk, text), json);
  }
  shm::SessionView view;
  switch (segment_.sessions().peek(key_of(desk, text), now_ms(), view)) {
    case shm::SessionAnswer::done:
      return text_of(session_object(desk, view), json);
    case shm::SessionAnswer::absent:
      break;
    case shm::SessionAnswer::busy:
      refuse_busy();
  }
  throw Refused("service " + service_name + " has no session with this key");
}

std::string SessionCommands::remove(const std::string& service_name, const std::string& text,
                                    Peer peer) {
  Desk desk = open(active_(), service_name, segment_);
  worker::route::SharedKeys shared;
  const shm::SessionKey key = key_of(desk, text, &shared);
  switch (segment_.sessions().try_forget(key, now_ms())) {
    case shm::SessionAnswer::done:
      tell_store(shm::StoreOrder::Kind::forget, desk.row, 0, shared);
      log(peer, "a session of service " + service_name + " is deleted");
      return "the session is deleted\n";
    case shm::SessionAnswer::absent:
      if (shared.empty()) break;
      tell_store(shm::StoreOrder::Kind::forget, desk.row, 0, shared);
      log(peer, "a session of service " + service_name + " is deleted in the session store");
      return "this machine has no such session; the session store is told to delete it\n";
    case shm::SessionAnswer::busy:
      refuse_busy();
  }
  throw Refused("service " + service_name + " has no session with this key");
}

std::string SessionCommands::add(const std::string& service_name, const std::string& text,
                                 const std::string& backend_name, Peer peer) {
  const worker::Heritage& heritage = active_();
  Desk desk = open(heritage, service_name, segment_);
  worker::route::SharedKeys shared;
  const shm::SessionKey key = key_of(desk, text, &shared);
  const std::size_t backend = find_backends(*heritage.config, backend_name).front();
  const std::string title = title_of(heritage.config->backends[backend]);
  if (std::ranges::find(desk.service.backends, backend) == desk.service.backends.end()) {
    throw Refused("service " + service_name + " does not have the backend " + title);
  }
  const auto ttl_s = static_cast<std::uint32_t>(desk.service.session.ttl.count());
  const shm::BackendId id = heritage.backends[backend].id;
  if (segment_.sessions().try_remember(key, id, ttl_s, now_ms()) == shm::SessionAnswer::busy) {
    refuse_busy();
  }
  tell_store(shm::StoreOrder::Kind::remember, desk.row, id, shared);
  log(peer, "a session of service " + service_name + " is at backend " + title);
  return "the session is at backend " + title + " for " + std::to_string(ttl_s) +
         " s, and as long after each use\n";
}

// Workers pass it on.
void SessionCommands::tell_store(shm::StoreOrder::Kind kind, std::uint32_t service,
                                 shm::BackendId backend, const worker::route::SharedKeys& keys) {
  if (keys.empty()) return;
  shm::StoreOrder order{.kind = kind, .service = service, .backend = backend};
  std::ranges::copy(keys.all, std::begin(order.keys));
  segment_.store_orders().add(order);
}

// Without the key: it may be a secret of the client.
void SessionCommands::log(Peer peer, const std::string& what) {
  log_queue_.log(worker::log::Severity::notice,
                 "control: uid " + std::to_string(peer.uid) + ": " + what);
}

}  // namespace master::control
