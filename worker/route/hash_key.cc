// Keys of requests and identities of backends: see hash_key.h.
#include "worker/route/hash_key.h"

#include <map>
#include <optional>

#include "conf/address.h"
#include "worker/http/session_key.h"
#include "worker/route/client_network.h"
#include "worker/route/keyed_hash.h"

namespace worker::route {

namespace {

// No secret: never change it, or all keys move.
constexpr HashSecret kFixed{0x506f756e64204861u, 0x7368206b65792031u};

std::uint64_t hash_of_address(std::string_view client_ip) {
  constexpr unsigned kBits4 = 32;
  constexpr unsigned kBits6 = 64;
  NetworkBytes room;
  return fixed_hash(client_network(client_ip, kBits4, kBits6, room));
}

std::optional<std::string_view> text_of(const conf::HashKey& key, const http::RequestHead& head) {
  std::string unused;
  switch (key.kind) {
    case conf::HashKey::Kind::address:
      break;
    case conf::HashKey::Kind::path:
      return head.path_query.substr(0, head.path_query.find('?'));
    case conf::HashKey::Kind::header:
      return http::session_text(http::SessionSource::header, key.name, head, unused);
    case conf::HashKey::Kind::cookie:
      return http::session_text(http::SessionSource::cookie, key.name, head, unused);
  }
  return std::nullopt;
}

}  // namespace

std::uint64_t fixed_hash(std::string_view text) { return keyed_hash(kFixed, text).low; }

std::uint64_t hash_of(const conf::HashKey& key, const http::RequestHead& head,
                      std::string_view client_ip) {
  const std::optional<std::string_view> text = text_of(key, head);
  return text ? fixed_hash(*text) : hash_of_address(client_ip);
}

std::vector<std::string> backend_identities(const conf::Config& config,
                                            const std::vector<std::size_t>& backends) {
  std::vector<std::string> identities;
  std::map<std::string, unsigned> seen;
  for (const std::size_t index : backends) {
    const conf::Backend& backend = config.backends[index];
    std::string identity = conf::host_port(backend.address, backend.port);
    if (backend.tls && !backend.tls->name.empty()) identity += " " + backend.tls->name;
    const unsigned count = ++seen[identity];
    if (count > 1) identity += " #" + std::to_string(count);
    identities.push_back(std::move(identity));
  }
  return identities;
}

}  // namespace worker::route
