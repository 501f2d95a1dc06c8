// Regular expressions of Pound 2.x (POSIX or PCRE, as it was built) in the dialect of Pound (RE2).
//
// Pure functions.
#pragma once

#include <string>
#include <string_view>

namespace master::convert {

struct Regex {
  std::string text;
  std::string change;  // what reads differently; empty if nothing does
  std::string error;   // why RE2 has no such expression; empty if it has
};

Regex to_re2(std::string_view posix, bool ignores_case);

// `text` as an expression that matches just this text.
std::string escaped(std::string_view text);

// The name of the header that a pattern for lines `Name: value` is about, as the pattern of a
// HeadRemove: "X-Foo", or "X-Foo-*" for a beginning. Empty for any other pattern.
std::string header_name(std::string_view pattern);

// The only host that the author of a pattern such as `Host: .*www\.example\.com.*` can mean; empty
// if that is not plain.
std::string host_of(std::string_view pattern);

}  // namespace master::convert
