// Which fields may stand in a trailer: RFC 9110 section 6.5.1. Pure.
#pragma once

#include <string_view>

namespace worker::http {

// False for what frames, routes, modifies or authenticates the message, or says how its content is
// to be processed: a recipient that merged it into the head would be fooled.
bool allowed_in_trailer(std::string_view name);

}  // namespace worker::http
