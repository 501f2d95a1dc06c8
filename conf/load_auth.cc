// The key Auth of a listener or a service: see load_auth.h.
#include "conf/load_auth.h"

#include <algorithm>
#include <string>

namespace conf {

namespace {

// The realm stands in a quoted string of a header (RFC 9110 5.6.4). Browsers disagree on what other
// characters mean there.
bool is_printable_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

}  // namespace

std::optional<Auth> load_auth(const Section& section, Diagnostics& diagnostics) {
  const Section::Member* const member = section.find("Auth");
  if (member == nullptr) return std::nullopt;
  const Section mapping(auth_schema(), *member->value, diagnostics);
  const Section::Member* const realm = mapping.find("Realm");
  const Section::Member* const users = mapping.find("Users");
  if (realm != nullptr && !is_printable_ascii(realm->value->text)) {
    diagnostics.error(realm->value->where, "`Realm` is " + describe(*realm->value) +
                                               ", expected printable ASCII characters only");
  }
  if (realm == nullptr || users == nullptr) return std::nullopt;
  return Auth{realm->value->text, users->value->text, users->value->where};
}

}  // namespace conf
