// Writes heads and answers as HTTP/1.1 text, in canonical form: "Name: value\r\n".
//
// Pure. This is the only place that writes a request line, a status line, and the fields that frame
// a message or speak about the connection: Content-Length, Transfer-Encoding, Trailer, Connection,
// Upgrade. Which other fields a head has is the decision of forwarded_fields.h. Every function
// appends to `out`.
#pragma once

#include <string>
#include <string_view>

#include "worker/http/answer.h"
#include "worker/http/forwarded_fields.h"

namespace worker::http {

// The request as a backend gets it: HTTP/1.1 and keep-alive, so without a Connection field unless
// it asks for an upgrade. Content-Length or `Transfer-Encoding: chunked` follows from facts.body,
// and Expect from facts.expects_continue. Bytes that the target may hold only because a rule was
// relaxed are encoded.
void write_request_head(const RequestHead& head, const RequestFacts& facts,
                        const Forwarded& forwarded, std::string& out);

// The field lines of a head that write_request_head wrote, with the empty line that ends them.
inline std::string_view field_lines(std::string_view request_head) {
  return request_head.substr(request_head.find('\n') + 1);
}

struct ResponseRewrite {
  Framing body;             // framing towards the client; it may differ from the backend's:
                            // chunked becomes until_close for an HTTP/1.0 client
  bool keep_alive = false;  // the client's connection stays open after this response
  bool client_is_http10 = false;
  AddedLines added = {};
  std::string_view date = {};  // Date for a response that has none; empty: it gets none
};

// A final response of a backend: status line of HTTP/1.1; `Connection: close` unless keep_alive,
// and `Connection: keep-alive` for an HTTP/1.0 client whose connection is kept. A response without
// a body may still have its informative_length().
void write_response_head(const ResponseHead& head, const ResponseRewrite& how, std::string& out);

// A 1xx response: status line and forwarded fields; 101 also has `Connection: upgrade` and Upgrade.
void write_interim_head(const ResponseHead& head, std::string& out);

// What an answer has to say besides its own content.
struct Http1Context {
  bool keep_alive = false;  // the client's connection stays open after the answer
  bool client_is_http10 = false;
  bool to_head = false;         // the request was HEAD: send no page
  std::string_view added = {};  // ready "Name: value\r\n" lines
  std::string_view date = {};   // the value of Date; empty: no such field
};

// A complete response that Pound makes itself: status line, Content-Type, Content-Length, the
// answer's own field, Connection, Date, the added lines, the empty line and the page.
void write_answer(const Answer& answer, const Http1Context& context, std::string& out);

}  // namespace worker::http
