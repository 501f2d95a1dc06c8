// Host patterns that match more hosts than they name.
//
// `Host: .*www.example.com.*` also matches www.example.com.evil.org and wwwXexample.com. The
// meaning of a pattern is not ours to change, but its author should know. A pure function.
#pragma once

#include <string>
#include <string_view>

namespace conf {

// A warning for a HeadRequire pattern; empty when it is about another header, names no host with
// a dot, or matches just what it says.
std::string host_pattern_warning(std::string_view pattern);

}  // namespace conf
