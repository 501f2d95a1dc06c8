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

// Calls visit(option) for each element of the comma-separated `list`, empty ones left out.
template <typename Visit>
void for_each_option(std::string_view list, Visit visit) {
  while (!list.empty()) {
    const std::size_t comma = list.find(',');
    const std::string_view option = trim(list.substr(0, comma));
    if (!option.empty()) visit(option);
    if (comma == std::string_view::npos) return;
    list.remove_prefix(comma + 1);
  }
}

}  // namespace

ConnectionOptions connection_options(const HeaderList& fields) {
  ConnectionOptions options;
  if (!fields.has(FieldId::connection)) return options;
  std::size_t count = 0;
  for (const Field& field : fields) {
    if (field.id != FieldId::connection) continue;
    for_each_option(field.value, [&](std::string_view option) {
      if (++count > kMaxConnectionOptions || !is_token(option)) {
        options.valid = false;
      } else if (equal_ignoring_case(option, "close")) {
        options.close = true;
      } else if (equal_ignoring_case(option, "keep-alive")) {
        options.keep_alive = true;
      } else if (equal_ignoring_case(option, "upgrade")) {
        options.upgrade = true;
      } else {
        options.names_fields = true;
      }
    });
  }
  return options;
}

bool keeps_alive(const ConnectionOptions& options, int minor_version) {
  if (options.close || !options.valid) return false;
  return minor_version == 1 || options.keep_alive;
}

bool removed_by_connection(const HeaderList& fields, std::string_view name) {
  bool named = false;
  for (const Field& field : fields) {
    if (field.id != FieldId::connection) continue;
    for_each_option(field.value, [&](std::string_view option) {
      named = named || equal_ignoring_case(option, name);
    });
  }
  return named && !is_protected(name);
}

}  // namespace worker::http
