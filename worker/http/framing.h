// Where a message's body ends: RFC 9112 section 6.
#pragma once

#include <cstdint>
#include <string_view>

#include "worker/http/header_list.h"
#include "worker/http/request_head.h"
#include "worker/http/response_head.h"
#include "worker/http/verdict.h"

namespace worker::http {

struct Framing {
  enum class Kind : std::uint8_t {
    none,    // no body
    length,  // exactly `length` bytes, possibly 0
    chunked,
    until_close,  // responses only
  };
  Kind kind = Kind::none;
  std::uint64_t length = 0;
};

// Digits only, at most 2^63 - 1; false otherwise.
bool parse_content_length(std::string_view value, std::uint64_t& length);

// Refuses whatever two readers could read in two ways: Content-Length beside Transfer-Encoding,
// several or unequal lengths, a coding other than exactly `chunked`, a coding in HTTP/1.0 …
Refusal request_framing(const RequestHead& head, Framing& framing);

// `to_head`: the request was HEAD. 1xx, 204 and 304 have no body whatever their fields say.
Refusal response_framing(const ResponseHead& head, bool to_head, Framing& framing);

}  // namespace worker::http
