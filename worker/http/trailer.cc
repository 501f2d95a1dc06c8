// The names that are dropped from trailers.
#include "worker/http/trailer.h"

#include <algorithm>
#include <array>

#include "worker/http/chars.h"
#include "worker/http/header_list.h"

namespace worker::http {
namespace {

constexpr auto kForbidden = std::to_array<std::string_view>({
    "age",
    "cache-control",
    "content-encoding",
    "content-location",
    "content-range",
    "content-type",
    "expires",
    "forwarded",
    "location",
    "max-forwards",
    "origin",
    "pragma",
    "proxy-authenticate",
    "proxy-authorization",
    "range",
    "retry-after",
    "set-cookie",
    "vary",
    "via",
    "warning",
    "www-authenticate",
});

constexpr std::string_view kConditional = "if-";

}  // namespace

bool allowed_in_trailer(std::string_view name) {
  // All that this proxy knows by name frames, routes or authenticates; so may do what a backend
  // could take for it.
  if (twin_field_id(name) != FieldId::other) return false;
  if (equal_ignoring_case(name.substr(0, kConditional.size()), kConditional)) return false;
  return std::none_of(kForbidden.begin(), kForbidden.end(), [name](std::string_view forbidden) {
    return equal_ignoring_case(name, forbidden);
  });
}

}  // namespace worker::http
