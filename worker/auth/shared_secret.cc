// See shared_secret.h.
#include "worker/auth/shared_secret.h"

#include <string.h>
#include <sys/stat.h>

#include <cstring>
#include <span>
#include <string_view>
#include <utility>

#include "worker/log/escape.h"
#include "worker/net/sealed_copy.h"
#include "worker/tls/digest.h"

namespace worker::auth {
namespace {

// Too short a secret could be guessed by trying; a file of more bytes is probably another one.
constexpr std::size_t kLeast = 32;
constexpr std::size_t kMost = 4096;

constexpr std::size_t kCookieKey = 32;
constexpr std::string_view kForCookies = "pound cookies";
constexpr std::string_view kForSessions = "pound sessions";
constexpr std::string_view kForTickets = "pound tickets of period ";
constexpr std::size_t kPeriods = 3;  // this one, the one before it, the one after it

static_assert(shm::kTicketKeys == kPeriods * conf::kMostSecrets);

SharedSecret load(const conf::SecretFile& file, conf::Diagnostics& diagnostics) {
  const std::string shown = "`" + log::escaped(file.path) + "`";
  net::SealedCopy made = net::copy_sealed(file.path, "pound-secret", kMost);
  if (!made.why_not.empty()) {
    diagnostics.error(file.where, "cannot read the secret " + shown + ": " + made.why_not +
                                      "; expected a readable file of 32 to 4096 bytes");
    return {};
  }
  const std::size_t size = net::MappedText(made.copy.get()).text().size();
  if (size < kLeast) {
    diagnostics.error(file.where, "the secret " + shown + " has " + std::to_string(size) +
                                      " bytes; expected 32 to 4096");
    return {};
  }
  if ((made.mode & S_IROTH) != 0) {
    diagnostics.warning(
        conf::Lint::readable_secret, file.where,
        "everybody on this machine may read the secret " + shown + "; expected mode 0640 or less");
  }
  return {std::make_shared<const net::UniqueFd>(std::move(made.copy))};
}

shm::TicketKey ticket_key(std::string_view secret, std::uint64_t period) {
  shm::TicketKey key;
  std::uint8_t bytes[sizeof key];
  tls::hkdf_sha256(secret, std::string(kForTickets) + std::to_string(period), bytes);
  std::memcpy(&key, bytes, sizeof key);
  ::explicit_bzero(bytes, sizeof bytes);
  return key;
}

}  // namespace

std::vector<SharedSecret> load_secrets(const conf::Global& global, conf::Diagnostics& diagnostics) {
  std::vector<SharedSecret> secrets;
  for (const conf::SecretFile& file : global.secrets) {
    SharedSecret secret = load(file, diagnostics);
    if (secret.copy) secrets.push_back(std::move(secret));
  }
  return secrets;
}

std::vector<std::string> cookie_keys(const std::vector<SharedSecret>& secrets) {
  std::vector<std::string> keys;
  for (const SharedSecret& secret : secrets) {
    std::uint8_t key[kCookieKey];
    tls::hkdf_sha256(net::MappedText(secret.copy->get()).text(), kForCookies, key);
    keys.emplace_back(reinterpret_cast<const char*>(key), sizeof key);
  }
  return keys;
}

std::vector<route::HashSecret> store_keys(const std::vector<SharedSecret>& secrets) {
  std::vector<route::HashSecret> keys;
  for (const SharedSecret& secret : secrets) {
    std::uint8_t bytes[sizeof(route::HashSecret)];
    tls::hkdf_sha256(net::MappedText(secret.copy->get()).text(), kForSessions, bytes);
    route::HashSecret key{};
    for (std::size_t i = 0; i < sizeof bytes; ++i) {
      key[i / 8] |= std::uint64_t{bytes[i]} << (8 * (i % 8));
    }
    ::explicit_bzero(bytes, sizeof bytes);
    keys.push_back(key);
  }
  return keys;
}

shm::TicketKeySet ticket_keys(const std::vector<SharedSecret>& secrets, std::uint64_t period) {
  shm::TicketKeySet keys;
  for (std::size_t i = 0; i < conf::kMostSecrets; ++i) {
    const net::MappedText mapped(secrets[i < secrets.size() ? i : 0].copy->get());
    shm::TicketKey* const first = &keys[i * kPeriods];
    first[0] = ticket_key(mapped.text(), period);
    first[1] = ticket_key(mapped.text(), period - 1);
    first[2] = ticket_key(mapped.text(), period + 1);
  }
  return keys;
}

}  // namespace worker::auth
