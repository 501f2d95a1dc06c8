// Judges a well-formed request head and a well-formed response head: is it one that we pass on,
// and what does it mean?
//
// Pure. The facts it finds are all that transaction, rewrite and relay need to know; nobody else
// looks at framing or Connection fields again.
#pragma once

#include <cstdint>
#include <string_view>

#include "worker/http/framing.h"
#include "worker/http/request_head.h"
#include "worker/http/response_head.h"
#include "worker/http/verdict.h"

namespace worker::http {

struct RequestFacts {
  Framing body;
  std::string_view host;  // the authority asked for: of the target, else Host; may be empty (1.0)
  std::string_view upgrade;  // protocol asked for with Connection: upgrade, else empty
  bool keep_alive = false;   // the client wants this connection kept (version and Connection)
  bool is_http10 = false;
  bool is_head = false;
  bool expects_continue = false;  // Expect: 100-continue (never true for HTTP/1.0)
  bool repeatable = false;        // idempotent method and no body: may be sent a second time
  Breaches breaches;  // relaxable rules that the head breaks; to be asked once it is routed
};

// Methods that pass: RFC 9110 but CONNECT and TRACE, PATCH, WebDAV and its extensions.
// Everything else: 405. `kAllowedMethods` is the Allow field's value for that answer.
extern const std::string_view kAllowedMethods;

// What no configuration may let pass. The rest of the verdict is facts.breaches.
Refusal judge_request(const RequestHead& head, RequestFacts& facts, const Limits& limits = {});

struct ResponseFacts {
  Framing body;
  bool keep_alive = false;  // the backend's connection may be used again after this response
  bool is_interim = false;  // 1xx but 101
  bool switches = false;    // 101
};

// A backend that sends more 1xx than this before its response is refused, by who counts them: they
// would hold the client and the backend's slot for ever, since each is a sign of life.
inline constexpr std::size_t kMaxInterims = 100;

// 101 is refused unless `request.upgrade` asked for a protocol.
Refusal judge_response(const ResponseHead& head, const RequestFacts& request, ResponseFacts& facts);

}  // namespace worker::http
