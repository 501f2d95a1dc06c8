// Host patterns that match more hosts than they name.
//
// `Host: .*www.example.com.*` also matches www.example.com.evil.org and wwwXexample.com. Pound does
// not change the meaning of a pattern, but its author should know. A pure function.
#pragma once

#include <string>
#include <string_view>

namespace conf {

// A warning for a HeadRequire pattern. Empty when the pattern is about another header, names no
// host with a dot, or matches only the host that it names.
std::string host_pattern_warning(std::string_view pattern);

}  // namespace conf
