// Writes the heads that leave this proxy, in canonical form: "Name: value\r\n", framing by us.
//
// Pure. Hop-by-hop fields, and those named in Connection, end here (RFC 9110 7.6.1), except that
// fields which only we or the end points may touch cannot be removed by naming them: Host,
// Content-Length, X-Forwarded-*, Authorization, Cookie … `out` is appended to.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "worker/http/sanitizer.h"

namespace worker::http {

// What the backend is told about the client's side.
struct Forwarded {
  std::string_view client_ip;        // "192.0.2.7" or "2001:db8::1", no brackets, no port
  std::string_view proto;            // "http" or "https"
  std::string_view local_host;       // "192.0.2.1:80": Host for an HTTP/1.0 request that has none
  std::string_view local_port;       // "80"
  std::string_view tls_fields = {};  // ready "X-SSL-…: value\r\n" lines
};

// The request as it goes to a backend: always HTTP/1.1 and keep-alive (so no Connection field but
// for an upgrade), Host first; X-Forwarded-For appended to what came; -Proto, -Host, -Port
// replaced by ours; X-SSL-* and underscore twins (X_Forwarded_For) of the fields we set removed;
// Content-Length or Transfer-Encoding: chunked from facts.body; Expect only when
// facts.expects_continue; TE, Trailer, Upgrade (unless facts.upgrade) and Keep-Alive removed. What
// the target may hold only because a rule was relaxed is encoded.
void write_request_head(const RequestHead& head, const RequestFacts& facts,
                        const Forwarded& forwarded, std::string& out);

struct ResponseRewrite {
  Framing body;             // framing towards the client: may differ from the backend's
                            // (chunked becomes until_close for an HTTP/1.0 client)
  bool keep_alive = false;  // the client's connection stays open after this response
  bool client_is_http10 = false;
  std::string_view added;      // ready "Name: value\r\n" lines: HeadAdd
  std::string_view hsts = {};  // a ready "Strict-Transport-Security: …\r\n" line, if any; the
                               // backend's own is dropped then
};

// Final responses: the status line is HTTP/1.1; `Connection: close` unless keep_alive, and
// `Connection: keep-alive` for a kept HTTP/1.0 client. For a response to HEAD and for 304 the
// backend's Content-Length, when valid, is passed as information although body.kind is none. A Date
// field is not added, Server is left as it is.
void write_response_head(const ResponseHead& head, const ResponseRewrite& how, std::string& out);

// 1xx: status line and end-to-end fields; for 101 also `Connection: upgrade` and Upgrade.
void write_interim_head(const ResponseHead& head, std::string& out);

}  // namespace worker::http
