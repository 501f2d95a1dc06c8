// See shared_sessions.h.
#include "worker/route/shared_sessions.h"

#include <algorithm>

#include "conf/service.h"
#include "worker/route/hash_key.h"

namespace worker::route {

namespace {

using Type = conf::SessionPolicy::Type;

bool shares(const conf::Service& service) {
  return service.session.type != Type::none && service.session.type != Type::insert;
}

}  // namespace

SharedKeys Sharing::keys_of(std::string_view text) const {
  SharedKeys made;
  for (const HashSecret& key : keys) made.all[made.count++] = keyed_hash(key, text);
  return made;
}

std::optional<std::size_t> Sharing::index_of(std::string_view name) const {
  const auto found = std::ranges::find(backends, name);
  if (found == backends.end()) return std::nullopt;
  return static_cast<std::size_t>(found - backends.begin());
}

Sharings::Sharings(const conf::Config& config, const std::vector<HashSecret>& keys)
    : config_(config), keys_(keys) {
  if (keys_.empty()) return;
  // Of each name, the sets of backends that services have with it.
  std::map<std::string, std::vector<std::vector<std::string>>> seen;
  for (const conf::Listener& listener : config.listeners) {
    for (const conf::Service& service : listener.services) {
      if (!shares(service)) continue;
      std::string name = conf::service_identity("", service);
      std::vector<std::string> backends = backend_identities(config, service.backends);
      std::ranges::sort(backends);
      std::vector<std::vector<std::string>>& sets = seen[name];
      const auto place = std::ranges::find(sets, backends);
      const auto number = place - sets.begin();
      if (place == sets.end()) sets.push_back(std::move(backends));
      if (number != 0) name += "\n#" + std::to_string(number);
      names_.emplace(&service, std::move(name));
    }
  }
}

Sharing Sharings::of(const conf::Service& service) const {
  if (keys_.empty() || !shares(service)) return {};
  Sharing made{.keys = {}, .backends = backend_identities(config_, service.backends)};
  for (const HashSecret& key : keys_) {
    const shm::SessionKey of_service = keyed_hash(key, names_.at(&service));
    made.keys.push_back({of_service.high, of_service.low});
  }
  return made;
}

}  // namespace worker::route
