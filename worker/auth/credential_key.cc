// Keyed hashes for authentication: see credential_key.h.
#include "worker/auth/credential_key.h"

#include <cstring>
#include <string>

#include "worker/route/client_network.h"

namespace worker::auth {
namespace {

constexpr std::string_view kCredentials = "pound credentials";
constexpr std::string_view kClient = "pound attempts of ";

}  // namespace

// The NUL bytes are unambiguous: neither part contains one.
shm::SessionKey credential_key(const route::HashSecret& secret, const FileIdentity& file,
                               std::string_view user, std::string_view password) {
  char bytes[sizeof file];
  std::memcpy(bytes, file.data(), sizeof bytes);
  std::string text;
  text.reserve(kCredentials.size() + sizeof bytes + user.size() + password.size() + 2);
  text.append(kCredentials).append(bytes, sizeof bytes);
  text.append(1, '\0').append(user).append(1, '\0').append(password);
  const shm::SessionKey key = route::keyed_hash(secret, text);
  ::explicit_bzero(text.data(), text.size());
  return key;
}

std::uint64_t client_key(const route::HashSecret& secret, std::string_view ip) {
  route::NetworkBytes room;
  std::string text(kClient);
  text.append(route::client_network(ip, 32, 64, room));
  return route::keyed_hash(secret, text).low;
}

}  // namespace worker::auth
