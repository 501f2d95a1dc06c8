// Makes a request head, or the lines of a trailer, of a header block: RFC 9113 section 8.
//
// Pure. It has the place that the parser of request_head.h has for HTTP/1: syntax, and what only
// HTTP/2 asks for. Then http::judge_request judges the head as it judges every other. A
// well-formed head never breaks a rule there for which http::is_malformed is true.
//
// Fields are counted while they are decoded: MaxHeaders counts each regular field, each part of a
// cookie and :authority. MaxHeader counts the bytes of all fields and kFieldOverhead for each.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "worker/http/limits.h"
#include "worker/http/request_head.h"
#include "worker/http/verdict.h"
#include "worker/http2/hpack.h"
#include "worker/http2/priority_field.h"

namespace worker::http2 {

enum class BlockStatus : std::uint8_t {
  complete,
  refused,
  compression_error,  // the table is lost, and the connection with it
};

// What belongs to a request besides its head.
struct RequestBlock {
  // in
  bool is_ended = false;     // the HEADERS frame has END_STREAM
  bool is_tls = false;       // :scheme must be https; otherwise http
  bool may_connect = false;  // extended CONNECT was offered (SETTINGS_ENABLE_CONNECT_PROTOCOL)
  // A backend gets these bytes as Sec-WebSocket-Key, which HTTP/2 does not have. They need not be
  // secret, but should differ from request to request.
  std::array<std::uint8_t, 16> websocket_nonce{};

  // out
  int urgency = kDefaultUrgency;
  bool incremental = false;
  bool is_websocket = false;  // an extended CONNECT; head.protocol says so, too
};

// `text` gets every byte that `head` refers to, and stays as it is while the head is used: the
// fields as lines, then head.line. :authority, if there is one, becomes the only Host, the parts of
// a cookie become one Cookie, and an extended CONNECT becomes a GET. On `refused`, `head` has what
// came before the fault, for the log; refusal.offset and head.bytes fit each other.
BlockStatus decode_request(Decoder& decoder, std::string_view block, RequestBlock& request,
                           const http::Limits& limits, std::string& text, http::RequestHead& head,
                           http::Refusal& refusal);

// `lines` gets "name: value\r\n" for each field that a trailer may have. On `refused`, it has all
// fields up to the fault, for the log.
BlockStatus decode_trailer(Decoder& decoder, std::string_view block, const http::Limits& limits,
                           std::string& lines, http::Refusal& refusal);

}  // namespace worker::http2
