// NTLM and Negotiate in the fields of a head: see connection_auth.h.
#include "worker/http/connection_auth.h"

#include <algorithm>
#include <string_view>

#include "worker/http/chars.h"

namespace worker::http {
namespace {

bool is_connection_scheme(std::string_view word) {
  return equal_ignoring_case(word, "ntlm") || equal_ignoring_case(word, "negotiate");
}

// Challenges are separated by commas, and so are the parameters of one challenge.
bool names_connection_scheme(std::string_view value) {
  while (!value.empty()) {
    const std::size_t end = std::min(value.find_first_of(", \t"), value.size());
    if (is_connection_scheme(value.substr(0, end))) return true;
    value.remove_prefix(std::min(end + 1, value.size()));
  }
  return false;
}

bool is_challenge(const Field& field) {
  return equal_ignoring_case(field.name, "www-authenticate") ||
         equal_ignoring_case(field.name, "proxy-authenticate");
}

}  // namespace

bool has_connection_credentials(const HeaderList& request) {
  if (!request.has(FieldId::authorization)) return false;
  return std::any_of(request.begin(), request.end(), [](const Field& field) {
    return field.id == FieldId::authorization && names_connection_scheme(field.value);
  });
}

bool has_connection_challenge(const HeaderList& response) {
  return std::any_of(response.begin(), response.end(), [](const Field& field) {
    return field.id == FieldId::other && is_challenge(field) &&
           names_connection_scheme(field.value);
  });
}

}  // namespace worker::http
