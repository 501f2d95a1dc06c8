// The key SessionStore of Global: see load_session_store.h.
#include "conf/load_session_store.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "conf/address.h"
#include "conf/load_backend_tls.h"
#include "conf/scalar.h"

namespace conf {

namespace {

void load_server(const Node& item, const Key& key, SessionStore& store, Diagnostics& diagnostics) {
  std::string error;
  std::optional<std::string> address;
  if (is_path(item.text)) {
    error = "Pound reaches a store by TCP only";
  } else {
    address = parse_address(item.text, error);
  }
  if (address) {
    store.servers.push_back({std::move(*address), item.where});
    return;
  }
  diagnostics.error(item.where, "`Address` is " + describe(item) + ", expected " +
                                    std::string(key.noun) + (error.empty() ? "" : "; " + error));
}

void load_servers(const Section& section, SessionStore& store, Diagnostics& diagnostics) {
  const Section::Member* const member = section.find("Address");
  if (member == nullptr) return;
  if (member->items.empty() && member->value->children.empty()) {
    diagnostics.error(member->value->where,
                      "`Address` is an empty list, expected at least one address");
  }
  if (member->items.size() > kMostStoreServers) {
    diagnostics.error(member->items[kMostStoreServers]->where,
                      "a ninth item in `Address`, expected at most " +
                          std::to_string(kMostStoreServers) + " addresses of a store");
    return;
  }
  for (const Node* item : member->items) load_server(*item, *member->key, store, diagnostics);
}

// The store gets it as it is; so the operator must be able to type it there.
void load_word(const Section& section, std::string_view key, std::string& word,
               Diagnostics& diagnostics) {
  const Section::Member* const member = section.find(key);
  if (member == nullptr) return;
  const std::string& text = member->value->text;
  if (std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; })) {
    word = text;
    return;
  }
  diagnostics.error(member->value->where,
                    "`" + std::string(key) + "` is " + describe(*member->value) + ", expected " +
                        expectation(*member->key) + ", of ASCII characters without blanks");
}

void load_password(const Section& section, SessionStore& store, Diagnostics& diagnostics) {
  const Section::Member* const file = section.find("Password");
  if (file != nullptr) {
    store.password = file->value->text;
    store.password_where = file->value->where;
    return;
  }
  const Section::Member* const user = section.find("User");
  if (user == nullptr || section.reported("Password")) return;
  diagnostics.error(user->value->where,
                    "`User` needs `Password`: the path of the file with the user's password");
}

// With one address, the certificate has to name that. With several ones, or with those of
// sentinels, it is not known beforehand which one is used.
void check_name(const Section& section, const SessionStore& store, Diagnostics& diagnostics) {
  if (!store.tls || !store.tls->verify) return;
  const Section::Member* const addresses = section.find("Address");
  const bool is_several = addresses != nullptr && addresses->items.size() > 1;
  const bool has_sentinel = section.find("Sentinel") != nullptr;
  if (!is_several && !has_sentinel) return;
  for (const Node* key : section.find("TLS")->value->children) {
    if (equal_ignoring_case(key->text, "Name")) return;  // an invalid one is reported already
  }
  diagnostics.error(store.tls->where, std::string("`TLS` needs `Name`, as ") +
                                          (has_sentinel ? "a sentinel names the store's address"
                                                        : "`Address` has several servers") +
                                          ": the name in the certificate of each");
}

void check_secret(const Section& global, const Position& where, Diagnostics& diagnostics) {
  const Section::Member* const secret = global.find("Secret");
  const bool is_given =
      secret != nullptr && (!secret->items.empty() || !secret->value->children.empty());
  if (is_given || global.reported("Secret")) return;
  diagnostics.error(where,
                    "`SessionStore` needs `Secret`, from which all machines derive the keys of "
                    "their sessions");
}

}  // namespace

std::optional<SessionStore> load_session_store(const Section& global, Diagnostics& diagnostics) {
  const Section::Member* const member = global.find("SessionStore");
  if (member == nullptr) return std::nullopt;
  const Section section(session_store_schema(), *member->value, diagnostics);
  SessionStore store;
  store.where = member->value->where;
  load_servers(section, store, diagnostics);
  store.port = static_cast<std::uint16_t>(section.number("Port", store.port));
  load_word(section, "User", store.user, diagnostics);
  load_password(section, store, diagnostics);
  store.tls = load_backend_tls(section, diagnostics);
  store.database = static_cast<unsigned>(section.number("Database", store.database));
  load_word(section, "Prefix", store.prefix, diagnostics);
  store.timeout = std::chrono::milliseconds(section.number("TimeOut", store.timeout.count()));
  load_word(section, "Sentinel", store.sentinel, diagnostics);
  check_name(section, store, diagnostics);
  check_secret(global, store.where, diagnostics);
  return store;
}

}  // namespace conf
