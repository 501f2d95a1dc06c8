// Reads Connection fields: see connection.h. Holds the list of protected names.
#include "worker/http/connection.h"

#include <algorithm>
#include <array>

#include "worker/http/chars.h"
#include "worker/http/name_list.h"

namespace worker::http {
namespace {

// Fields that carry identity, meaning, security, tracing or caching from end to end. A sender that
// names them in Connection would take them from the other end. (The list does not need Host,
// Content-Length and other fields that frame or route a message: Pound never copies those.)
constexpr auto kProtectedNames = std::to_array<std::string_view>({
    "accept",
    "age",
    "allow",
    "alt-svc",
    "authentication-info",
    "authorization",
    "baggage",
    "cache-control",
    "clear-site-data",
    "cookie",
    "date",
    "depth",
    "destination",
    "dnt",
    "early-data",
    "etag",
    "expires",
    "forwarded",
    "from",
    "idempotency-key",
    "if",
    "last-event-id",
    "last-modified",
    "link",
    "location",
    "lock-token",
    "max-forwards",
    "origin",
    "overwrite",
    "permissions-policy",
    "pragma",
    "priority",
    "range",
    "referer",
    "referrer-policy",
    "remote-user",
    "retry-after",
    "server",
    "set-cookie",
    "strict-transport-security",
    "traceparent",
    "tracestate",
    "true-client-ip",
    "user-agent",
    "vary",
    "via",
    "warning",
    "www-authenticate",
    "x-api-key",
    "x-client-ip",
    "x-content-type-options",
    "x-csrf-token",
    "x-frame-options",
    "x-http-method-override",
    "x-request-id",
    "x-requested-with",
    "x-rewrite-url",
    "x-xsrf-token",
});

constexpr auto kProtectedFamilies = std::to_array<std::string_view>({
    "accept-",
    "access-control-",
    "cf-",
    "content-",
    "cross-origin-",
    "if-",
    "proxy-auth",
    "sec-",
    "x-auth-",
    "x-forwarded-",
    "x-original-",
    "x-real-",
    "x-remote-",
    "x-ssl-",
});

constexpr NameList kProtected{kProtectedNames, kProtectedFamilies};

// Calls visit(option) for each element of all Connection fields that is not empty.
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

// The options that are not names of fields.
bool is_close(std::string_view option) { return equals_lower(option, "close"); }
bool is_keep_alive(std::string_view option) { return equals_lower(option, "keep-alive"); }
bool is_upgrade(std::string_view option) { return equals_lower(option, "upgrade"); }

}  // namespace

ConnectionOptions connection_options(const HeaderList& fields) {
  ConnectionOptions options;
  std::size_t count = 0;
  for_each_option(fields, [&](std::string_view option) {
    bool is_valid = ++count <= kMaxConnectionOptions;
    if (is_close(option)) {
      options.close = true;
    } else if (is_keep_alive(option)) {
      options.keep_alive = true;
    } else if (is_upgrade(option)) {
      options.upgrade = true;
    } else {
      is_valid = is_valid && is_token(option);
    }
    if (!is_valid && options.invalid == nullptr) options.invalid = option.data();
  });
  return options;
}

bool keeps_alive(const ConnectionOptions& options, int minor_version) {
  if (options.close || options.invalid != nullptr) return false;
  return minor_version == 1 || options.keep_alive;
}

NamedFields::NamedFields(const HeaderList& fields) {
  for_each_option(fields, [this](std::string_view option) {
    if (size_ == names_.size()) return;
    if (is_close(option) || is_keep_alive(option) || is_upgrade(option)) return;
    names_[size_++] = {option.data(), option.size()};
  });
}

bool NamedFields::is_named(std::string_view name) const {
  const auto* const end = names_.begin() + size_;
  const bool named = std::any_of(names_.begin(), end, [name](const Name& other) {
    return equal_ignoring_case(name, {other.data, other.size});
  });
  return named && !kProtected.contains(name);
}

}  // namespace worker::http
