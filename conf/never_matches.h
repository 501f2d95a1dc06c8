// Patterns that no request can match, because they ask for something where it never stands.
//
// `HeadRequire: '^www\.example\.com$'` is searched in lines that begin with the name of a header,
// and `URL: '^https://'` in texts that begin with a slash. Reads a regular expression only as far
// as it is plain; in doubt there is no warning. Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "conf/config.h"

namespace conf {

// Why nothing can match `pattern`, and what to write: each text in back quotes after "write" is a
// key of a service. Empty when something can match it.
std::string never_matches(Condition::Kind kind, std::string_view pattern);

}  // namespace conf
