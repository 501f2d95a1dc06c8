// The URL that clients are sent to: absolute, http or https, safe in a header and in a page.
//
// Syntax of RFC 3986 with one addition: the host `$host` stands for that of the request. A pure
// function.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "conf/config.h"

namespace conf {

// Its parts, with the default code. Nothing, and what is wrong in `error`, when it is no such URL.
std::optional<Redirect> parse_redirect_url(std::string_view text, std::string& error);

}  // namespace conf
