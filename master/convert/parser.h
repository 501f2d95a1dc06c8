// Files of Pound 2.x in, a tree of directives out.
//
// Follows Include. Knows which directives open a section, and no more about their meaning. Bounded
// in depth, number and size, so that no file makes it fail in another way than ParseError.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

#include "master/convert/directive.h"

namespace master::convert {

inline constexpr std::size_t kMaxFileBytes = 4u << 20;  // of one file
inline constexpr std::size_t kMaxAllBytes = 16u << 20;  // of all files together
inline constexpr std::size_t kMaxFiles = 1000;
inline constexpr std::size_t kMaxDirectives = 200'000;
inline constexpr std::size_t kMaxIncludes = 16;  // files in each other
inline constexpr std::size_t kMaxSections = 16;  // sections in each other

// `what()` is `file:line:column: message` in one line.
struct ParseError : std::runtime_error {
  using runtime_error::runtime_error;
};

// Reads `path` and the files that it includes. Throws ParseError.
Source parse_file(const std::string& path);

// The same for a text in memory that calls itself `name`. `Include` reads files all the same,
// unless `includes` is false: then it is an error.
Source parse_text(const std::string& name, std::string_view text, bool includes = true);

}  // namespace master::convert
