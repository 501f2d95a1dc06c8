// Makes header blocks of responses: the writer of HTTP/2, as http1_writer.h is that of HTTP/1.
//
// Pure. Which fields go on is the decision of forwarded_fields.h, so none that belongs to a
// connection is among them. Every function appends a whole block to `block`. END_STREAM is the
// business of the caller: a block does not say whether content follows.
#pragma once

#include <string>
#include <string_view>

#include "worker/http/answer.h"
#include "worker/http/forwarded_fields.h"
#include "worker/http2/hpack.h"

namespace worker::http2 {

// What a final response has besides the fields of its head.
struct ResponseFields {
  http::Framing body;  // as the backend frames it
  http::AddedLines added = {};
  std::string_view date = {};  // `date` for a response that has none; empty: it gets none
};

// A final response of a backend. It has content-length where the length is known, also that which a
// response to HEAD, or a 304, would have; and `trailer` where the body may have one.
void encode_response(Encoder& encoder, const http::ResponseHead& head, const ResponseFields& how,
                     std::string& block);

// A 1xx response except 101, which HTTP/2 does not have.
void encode_interim(Encoder& encoder, const http::ResponseHead& head, std::string& block);

// The answer to an extended CONNECT, of a backend that has switched protocols: its 101 becomes a
// 200, without Sec-WebSocket-Accept (RFC 8441 5.1).
void encode_tunnel(Encoder& encoder, const http::ResponseHead& head, std::string_view date,
                   std::string& block);

// The head of a response that Pound makes itself; its page is the content, except of a response to
// HEAD. `added` has ready "Name: value\r\n" lines.
void encode_answer(Encoder& encoder, const http::Answer& answer, std::string_view added,
                   std::string_view date, std::string& block);

// Behind the content: of ready "Name: value\r\n" lines.
void encode_trailer(Encoder& encoder, std::string_view lines, std::string& block);

}  // namespace worker::http2
