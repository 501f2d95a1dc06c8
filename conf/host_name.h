// An item of Host: the name of a host, or a wildcard.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "conf/matchers.h"

namespace conf {

// Reads "www.example.com", "*.example.com", "bücher.example", "192.0.2.1" or "2001:db8::1".
// Nothing, and what is wrong in `error`, for anything else.
std::optional<HostName> parse_host_name(std::string_view text, std::string& error);

}  // namespace conf
