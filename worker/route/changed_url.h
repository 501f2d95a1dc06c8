// The URLs that Rewrite and Redirect make of a request's.
//
// Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "conf/config.h"
#include "worker/route/template.h"

namespace worker::route {

enum class Rewriting : std::uint8_t {
  none,     // no expression is found: the target stays
  done,     // the new target is in `out`
  invalid,  // what came out may not be sent: see is_sendable_target()
};

// Applies the first of `rewrites` whose From is found in the path of `target`, which is as the
// backend would get it. The query stays.
Rewriting rewrite_target(const std::vector<conf::Rewrite>& rewrites, std::string_view target,
                         TemplateValues values, std::size_t most, std::string& out);

// Whether it begins with a slash, has at most `most` bytes, and breaks no rule of a request's
// target.
bool is_sendable_target(std::string_view target, std::size_t most);

// Where a client is redirected to.
struct NewLocation {
  std::string url;          // empty: the host must come from the request, which has none
  bool is_invalid = false;  // it would be too long, or break a rule
};
// `authority` and `path_query` are those of the request.
NewLocation redirect_location(const conf::Redirect& redirect, std::string_view authority,
                              std::string_view path_query);

}  // namespace worker::route
