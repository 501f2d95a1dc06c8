// Ids of requests that a trusted proxy has given (RequestID).
//
// Pure.
#pragma once

#include <cstddef>
#include <string_view>

#include "worker/http/header_list.h"

namespace worker::http {

inline constexpr std::size_t kMaxRequestId = 128;  // bytes

// Visible ASCII without quotation marks, at most kMaxRequestId bytes.
bool is_request_id(std::string_view text);

// The id in the field `name`; empty if there is none, several, or what is none.
std::string_view believed_request_id(const HeaderList& fields, std::string_view name);

}  // namespace worker::http
