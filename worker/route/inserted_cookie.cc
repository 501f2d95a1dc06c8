// The cookie that Pound sets: see inserted_cookie.h.
#include "worker/route/inserted_cookie.h"

#include <algorithm>

#include "worker/http/cookie_walk.h"
#include "worker/tls/digest.h"

namespace worker::route {

namespace {

// Begins what is hashed, so that nothing else that is made with the key can be a cookie.
constexpr std::string_view kPurpose = "pound cookie 1\n";
// Half of SHA-256, the least that RFC 2104 5 recommends.
constexpr std::size_t kMacBytes = 16;
constexpr std::size_t kValueLength = 2 * kMacBytes;

std::string value_of(std::string_view identity, std::string_view key) {
  constexpr char kDigits[] = "0123456789abcdef";
  const tls::Sha256 mac = tls::hmac_sha256(key, std::string(kPurpose).append(identity));
  std::string value;
  for (std::size_t i = 0; i < kMacBytes; ++i) {
    value += kDigits[mac[i] >> 4];
    value += kDigits[mac[i] & 15];
  }
  return value;
}

}  // namespace

InsertedCookie::InsertedCookie(const conf::SessionPolicy& policy,
                               std::span<const std::string> identities,
                               std::span<const std::string> keys)
    : policy_(&policy), backends_(identities.size()) {
  for (const std::string& key : keys) {
    for (const std::string& identity : identities) values_.push_back(value_of(identity, key));
  }
  for (std::size_t i = 0; i < values_.size(); ++i) sorted_.emplace_back(values_[i], i);
  std::sort(sorted_.begin(), sorted_.end());
}

std::optional<InsertedCookie::Named> InsertedCookie::find(const http::RequestHead& head) const {
  http::CookieWalk cookies(head.fields, policy_->id);
  while (const std::optional<std::string_view> value = cookies.next()) {
    if (const std::optional<Named> found = find_value(*value)) return found;
  }
  return std::nullopt;
}

std::optional<InsertedCookie::Named> InsertedCookie::find_value(std::string_view value) const {
  if (value.size() != kValueLength) return std::nullopt;
  const auto found =
      std::lower_bound(sorted_.begin(), sorted_.end(), value,
                       [](const auto& one, std::string_view wanted) { return one.first < wanted; });
  if (found == sorted_.end() || found->first != value) return std::nullopt;
  return Named{found->second % backends_, found->second < backends_};
}

void InsertedCookie::append_field(std::size_t backend_index, bool is_https,
                                  std::string& lines) const {
  lines.append("Set-Cookie: ").append(policy_->id).append("=").append(values_[backend_index]);
  if (policy_->ttl.count() != 0) {
    lines.append("; Max-Age=").append(std::to_string(policy_->ttl.count()));
  }
  lines.append("; Path=/; HttpOnly; SameSite=Lax");
  if (is_https) lines.append("; Secure");
  lines.append("\r\n");
}

}  // namespace worker::route
