// What Path and a wildcard of Host contain. The router and the check for services that no request
// can reach both ask this.
//
// Pure.
#pragma once

#include <string_view>

namespace conf {

// Whether `path`, without a query, is `prefix` or below it: whole segments only. Both are normal.
bool is_in_path(std::string_view path, std::string_view prefix);
// Whether `host` is below the name of a wildcard, at any depth; it is not that name itself.
bool is_below_host(std::string_view host, std::string_view name);

}  // namespace conf
