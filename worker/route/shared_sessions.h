// What makes a session the same one on several machines that share a store (SessionStore).
//
// In the table of one machine a session belongs to a service of a listener. In the store it belongs
// to what the service asks of a request and what tells its clients apart, because machines listen
// at different addresses; so the same service of an HTTP and of an HTTPS listener has the same
// sessions. Services that are equal in this but have different backends are numbered, in the order
// of the file. Backends have the names of backend_identities(), which are equal on all machines.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "conf/config.h"
#include "worker/route/keyed_hash.h"
#include "worker/route/shared_keys.h"

namespace worker::route {

// The sharing of one service.
struct Sharing {
  // Of the service, one for each Secret, in their order; empty: it shares no sessions.
  std::vector<HashSecret> keys;
  std::vector<std::string> backends;  // their names, in the order of the service

  SharedKeys keys_of(std::string_view text) const;
  std::optional<std::size_t> index_of(std::string_view name) const;
};

class Sharings {
 public:
  // `keys`: empty if there is no store. `config` outlives this.
  Sharings(const conf::Config& config, const std::vector<HashSecret>& keys);

  Sharing of(const conf::Service& service) const;

 private:
  const conf::Config& config_;
  const std::vector<HashSecret>& keys_;
  std::map<const conf::Service*, std::string> names_;
};

}  // namespace worker::route
