// Where the body of a message ends: RFC 9112 section 6.
//
// Pure and strict: a message whose end two recipients could see in different places is refused.
#pragma once

#include <cstdint>
#include <string_view>

#include "worker/http/header_list.h"
#include "worker/http/relax.h"
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

// Reads digits that make at most 2^63 - 1. Returns false for any other value.
bool parse_content_length(std::string_view value, std::uint64_t& length);

// Refuses Content-Length beside Transfer-Encoding, more than one Content-Length, any coding other
// than exactly `chunked`, and a coding in HTTP/1.0. Content of HTTP/2 without a length is
// `chunked`; a length of HTTP/2 without content is refused.
Refusal request_framing(const RequestHead& head, Framing& framing);

// The same for a response. `to_head`: the request was HEAD. Responses to HEAD and those with status
// 1xx, 204 or 304 have no body, whatever their fields say. Where response_cl_many is relaxed,
// several Content-Lengths with the same value are one.
Refusal response_framing(const ResponseHead& head, bool to_head, RuleSet relaxed, Framing& framing);

}  // namespace worker::http
