// The names that Pound knows, and the operations of the list: see header_list.h.
#include "worker/http/header_list.h"

#include <algorithm>

#include "worker/http/chars.h"
#include "worker/http/name_list.h"

namespace worker::http {
namespace {

constexpr std::string_view kSslPrefix = "x-ssl-";

// Backends trust these fields as the word of a proxy on the identity and the path of the client.
// `Proxy` becomes the variable HTTP_PROXY of CGI programs, which then send requests through it.
constexpr auto kProxyOnlyNames = std::to_array<std::string_view>({"proxy"});
constexpr auto kProxyOnlyFamilies =
    std::to_array<std::string_view>({"remote-", "x-forwarded-", "x-real-", "x-remote-"});
constexpr NameList kProxyOnly{kProxyOnlyNames, kProxyOnlyFamilies};

FieldId known(std::string_view name, std::string_view lower_case, FieldId id) {
  return equals_lower(name, lower_case) ? id : FieldId::other;
}

// No two known names have both length and first letter in common, except within an X- family. So
// there are at most two comparisons, and none for most names.
FieldId known_id(std::string_view name) {
  const char first = lower(name.front());
  if (first == 'x' && name.size() >= kSslPrefix.size() &&
      equal_ignoring_case(name.substr(0, kSslPrefix.size()), kSslPrefix)) {
    return FieldId::x_ssl;
  }
  switch (name.size()) {
    case 2:
      return known(name, "te", FieldId::te);
    case 4:
      if (first == 'h') return known(name, "host", FieldId::host);
      return known(name, "date", FieldId::date);
    case 6:
      if (first == 'c') return known(name, "cookie", FieldId::cookie);
      return known(name, "expect", FieldId::expect);
    case 7:
      if (first == 'r') return known(name, "referer", FieldId::referer);
      if (first == 't') return known(name, "trailer", FieldId::trailer);
      return known(name, "upgrade", FieldId::upgrade);
    case 9:
      if (first == 'f') return known(name, "forwarded", FieldId::forwarded);
      return known(name, "x-real-ip", FieldId::x_real_ip);
    case 10:
      if (first == 'c') return known(name, "connection", FieldId::connection);
      if (first == 'k') return known(name, "keep-alive", FieldId::keep_alive);
      return known(name, "user-agent", FieldId::user_agent);
    case 13:
      return known(name, "authorization", FieldId::authorization);
    case 14:
      return known(name, "content-length", FieldId::content_length);
    case 15:
      return known(name, "x-forwarded-for", FieldId::x_forwarded_for);
    case 16:
      if (first == 'p') return known(name, "proxy-connection", FieldId::proxy_connection);
      if (lower(name.back()) == 't') {
        const FieldId host = known(name, "x-forwarded-host", FieldId::x_forwarded_host);
        return host != FieldId::other ? host
                                      : known(name, "x-forwarded-port", FieldId::x_forwarded_port);
      }
      return FieldId::other;
    case 17:
      if (first == 't') return known(name, "transfer-encoding", FieldId::transfer_encoding);
      return known(name, "x-forwarded-proto", FieldId::x_forwarded_proto);
    default:
      return FieldId::other;
  }
}

}  // namespace

FieldId field_id(std::string_view name) {
  if (name.empty()) return FieldId::other;
  const FieldId id = known_id(name);
  if (id != FieldId::other) return id;
  const char first = lower(name.front());
  const bool may_be_proxy_only = first == 'x' || first == 'p' || first == 'r';
  return may_be_proxy_only && kProxyOnly.contains(name) ? FieldId::proxy_only : FieldId::other;
}

FieldId twin_field_id(std::string_view name) {
  // Longer than every known name, so that a name cut to this size can only match a prefix.
  std::array<char, 32> dashed;
  const std::size_t size = std::min(name.size(), dashed.size());
  std::transform(
      name.begin(), name.begin() + static_cast<std::ptrdiff_t>(size), dashed.begin(),
      [](char c) { return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z') ? c : '-'; });
  return field_id({dashed.data(), size});
}

void HeaderList::clear(std::size_t most) {
  size_ = seen_ = 0;
  most_ = std::min(most, kFieldCapacity);
}

const Field* HeaderList::find(FieldId id) const {
  if (!has(id)) return nullptr;
  return std::find_if(begin(), end(), [id](const Field& field) { return field.id == id; });
}

std::size_t HeaderList::count(FieldId id) const {
  if (!has(id)) return 0;
  return static_cast<std::size_t>(
      std::count_if(begin(), end(), [id](const Field& field) { return field.id == id; }));
}

}  // namespace worker::http
