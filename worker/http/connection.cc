// Reads Connection fields, and keeps the list of names that nobody may remove through them.
#include "worker/http/connection.h"

#include <algorithm>
#include <array>

#include "worker/http/chars.h"

namespace worker::http {
namespace {

// Fields that carry identity, meaning, security or caching end to end. Whole families are in
// kProtectedFamilies. (Host, Content-Length and what else frames or routes a message is never
// copied at all but written anew.)
constexpr auto kProtectedNames = std::to_array<std::string_view>({
    "accept",
    "access-control-allow-origin",
    "age",
    "authorization",
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-language",
    "content-location",
    "content-range",
    "content-security-policy",
    "content-type",
    "cookie",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "date",
    "etag",
    "expires",
    "forwarded",
    "from",
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "last-modified",
    "location",
    "max-forwards",
    "origin",
    "pragma",
    "proxy-authenticate",
    "proxy-authorization",
    "range",
    "referer",
    "server",
    "set-cookie",
    "strict-transport-security",
    "user-agent",
    "vary",
    "via",
    "www-authenticate",
    "x-content-type-options",
    "x-frame-options",
    "x-real-ip",
});

constexpr auto kProtectedFamilies =
    std::to_array<std::string_view>({"x-forwarded-", "x-ssl-", "sec-"});

bool is_protected(std::string_view name) {
  const auto is_family = [name](std::string_view prefix) {
    return equal_ignoring_case(name.substr(0, prefix.size()), prefix);
  };
  const auto is_name = [name](std::string_view other) { return equal_ignoring_case(name, other); };
  return std::any_of(kProtectedFamilies.begin(), kProtectedFamilies.end(), is_family) ||
         std::any_of(kProtectedNames.begin(), kProtectedNames.end(), is_name);
}

// Calls visit(option) for each element of all Connection fields, empty ones left out.
template <typename Visit>
void for_each_option(const HeaderList& fields, Visit visit) {
  if (!fields.has(FieldId::connection)) return;
  for (const Field& field : fields) {
    if (field.id != FieldId::connection) continue;
    std::string_view list = field.value;
    while (!list.empty()) {
      const std::size_t comma = std::min(list.find(','), list.size());
      const std::string_view option = trim(list.substr(0, comma));
      if (!option.empty()) visit(option);
      list.remove_prefix(std::min(comma + 1, list.size()));
    }
  }
}

// The options that are no field's name.
bool is_close(std::string_view option) { return equal_ignoring_case(option, "close"); }
bool is_keep_alive(std::string_view option) { return equal_ignoring_case(option, "keep-alive"); }
bool is_upgrade(std::string_view option) { return equal_ignoring_case(option, "upgrade"); }

}  // namespace

ConnectionOptions connection_options(const HeaderList& fields) {
  ConnectionOptions options;
  std::size_t count = 0;
  for_each_option(fields, [&](std::string_view option) {
    if (++count > kMaxConnectionOptions || !is_token(option)) options.valid = false;
    options.close = options.close || is_close(option);
    options.keep_alive = options.keep_alive || is_keep_alive(option);
    options.upgrade = options.upgrade || is_upgrade(option);
  });
  return options;
}

bool keeps_alive(const ConnectionOptions& options, int minor_version) {
  if (options.close || !options.valid) return false;
  return minor_version == 1 || options.keep_alive;
}

NamedFields::NamedFields(const HeaderList& fields) {
  for_each_option(fields, [this](std::string_view option) {
    if (size_ == names_.size()) return;
    if (is_close(option) || is_keep_alive(option) || is_upgrade(option)) return;
    names_[size_++] = option;
  });
}

bool NamedFields::contains(std::string_view name) const {
  const auto* const end = names_.begin() + size_;
  const bool named = std::any_of(names_.begin(), end, [name](std::string_view other) {
    return equal_ignoring_case(name, other);
  });
  return named && !is_protected(name);
}

}  // namespace worker::http
