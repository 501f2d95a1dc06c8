// The methods that pass, and which of them may be sent a second time. Pure data.
#pragma once

#include <string_view>

namespace worker::http {

struct Method {
  std::string_view name;  // methods are case-sensitive
  bool idempotent;        // RFC 9110 9.2.2, and the IANA registry for the others
};

// nullptr: not known.
const Method* find_method(std::string_view name);

// Never passed on, in whatever letters: CONNECT and PRI would open a tunnel, and TRACE shows
// scripts what browsers hide from them. And HEAD in other letters than its own: who takes it for
// HEAD sends no body where one is expected.
bool is_refused_method(std::string_view name);

}  // namespace worker::http
