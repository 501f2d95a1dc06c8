// The URL of a redirect: absolute, http or https, safe in a header and in a page.
//
// The syntax of RFC 3986 with two additions: the host `$host` stands for the host of the request,
// and the path may have variables, which load_redirect reads. A pure function.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "conf/config.h"

namespace conf {

// The parts of `text`, with the default code. Nothing, and the reason in `error`, when `text` is
// not such a URL.
std::optional<Redirect> parse_redirect_url(std::string_view text, std::string& error);

}  // namespace conf
