// The methods that Pound forwards, and which of them it may send a second time. Pure data.
#pragma once

#include <string_view>

namespace worker::http {

struct Method {
  std::string_view name;  // methods are case-sensitive
  bool idempotent;        // RFC 9110 9.2.2, and the IANA registry for the others
};

// Returns nullptr for an unknown method.
const Method* find_method(std::string_view name);

// Methods that no configuration allows, in any letter case: CONNECT and PRI would open a tunnel,
// and TRACE shows scripts what browsers hide from them. HEAD in a letter case other than its own
// belongs to them: a backend that takes it for HEAD sends no body where Pound expects one.
bool is_refused_method(std::string_view name);

}  // namespace worker::http
