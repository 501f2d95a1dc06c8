// The names that no trailer may have: see trailer.h.
#include "worker/http/trailer.h"

#include <array>

#include "worker/http/header_list.h"
#include "worker/http/name_list.h"

namespace worker::http {
namespace {

constexpr auto kForbidden = std::to_array<std::string_view>({
    "age",
    "cache-control",
    "cf-connecting-ip",
    "content-encoding",
    "content-location",
    "content-range",
    "content-type",
    "expires",
    "location",
    "max-forwards",
    "origin",
    "pragma",
    "proxy-authenticate",
    "proxy-authorization",
    "range",
    "retry-after",
    "set-cookie",
    "true-client-ip",
    "vary",
    "via",
    "warning",
    "www-authenticate",
    "x-client-ip",
});

constexpr auto kForbiddenFamilies = std::to_array<std::string_view>({"if-"});

}  // namespace

bool allowed_in_trailer(std::string_view name) {
  // The names with a FieldId frame, route or authenticate. A backend may read a twin as one of
  // them.
  if (twin_field_id(name) != FieldId::other) return false;
  return !NameList{kForbidden, kForbiddenFamilies}.contains(name);
}

}  // namespace worker::http
