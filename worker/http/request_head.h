// The head of a request, and the parser of HTTP/1: request line and fields, RFC 9112 sections 2, 3,
// 5. worker/http2/request_block.h makes a head of the fields of HTTP/2.
//
// Pure: bytes in, a RequestHead of views into these bytes or a refusal out. Syntax only:
// sanitizer.h judges what a well-formed head means (Host, framing, method). The caller owns the
// bytes and keeps them in place while it uses the head.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "worker/http/header_list.h"
#include "worker/http/limits.h"
#include "worker/http/relax.h"
#include "worker/http/verdict.h"

namespace worker::http {

enum class ParseStatus { complete, incomplete, refused };

enum class Version : std::uint8_t { http10, http11, http2 };

struct RequestHead {
  // The request line as received, without CRLF; for the access record. HTTP/2 has none, and so it
  // gets one.
  std::string_view line;
  std::string_view method;
  std::string_view target;      // as received
  std::string_view authority;   // of an absolute-form target, else empty
  std::string_view path_query;  // for the backend: origin-form, or "*" for OPTIONS
  // "/?query" of an absolute-form target without a path, for path_query to refer to. Else null.
  std::shared_ptr<const std::string> made_path;
  Version version = Version::http11;
  // Of HTTP/2 only, where no field frames the body: content follows the head.
  bool has_content = false;
  // Of an extended CONNECT of HTTP/2 (RFC 8441): the protocol to switch to. Then `method` is GET,
  // as in HTTP/1.
  std::string_view protocol;
  HeaderList fields;
  // `fields` has all fields of the request, in a refused head those behind the fault, too. It lacks
  // lines that are none, and is not to be served then, but says who sent the request.
  bool has_all_fields = false;
  Breaches breaches;       // relaxable rules that the target breaks
  std::string_view bytes;  // the head; of a refused head, the bytes that led to the verdict
  std::size_t size = 0;    // bytes of the head, with its final empty line and any empty lines
                           // before it; the body, or the next request, begins behind them

  // As new. From now on up to `most_fields` fields fit.
  void clear(std::size_t most_fields = kMaxFields);
};

// `scanned` is 0 for new bytes. On `incomplete` it is set so that the next call, with the same
// bytes and more behind them, does not search them again: the total cost stays linear however
// slowly the bytes arrive. The verdict does not depend on how the bytes were split. On `refused`,
// head.line holds the known part of the request line, for the log.
ParseStatus parse_request_head(std::string_view bytes, std::size_t& scanned, RequestHead& head,
                               Refusal& refusal, const Limits& limits = {});

}  // namespace worker::http
