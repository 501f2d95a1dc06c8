// The methods that pass, and which of them may be sent a second time. Pure data.
#pragma once

#include <string_view>

namespace worker::http {

struct Method {
  std::string_view name;  // methods are case-sensitive
  bool idempotent;        // RFC 9110 9.2.2, and the IANA registry for the others
};

// nullptr: not passed on.
const Method* find_method(std::string_view name);

}  // namespace worker::http
