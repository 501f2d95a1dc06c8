// The fields that a trailer may have: RFC 9110 section 6.5.1. Pure.
#pragma once

#include <string_view>

namespace worker::http {

// Returns false for fields that frame, route, modify or authenticate the message, or say how to
// process its content: they would deceive a recipient that merges the trailer into the head.
bool allowed_in_trailer(std::string_view name);

}  // namespace worker::http
