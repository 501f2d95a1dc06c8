// Writes an Answer as HTTP/1.1 text.
//
// Pure. This is the only place that knows how an answer is framed in HTTP/1.
#pragma once

#include <string>
#include <string_view>

#include "worker/http/answer.h"

namespace worker::http {

// What an answer has to say besides its own content.
struct Http1Context {
  bool keep_alive = false;  // the client's connection stays open after the answer
  bool client_is_http10 = false;
  bool to_head = false;         // the request was HEAD: send no page
  std::string_view added = {};  // ready "Name: value\r\n" lines
};

// Appends the complete response to `out`: status line, Content-Type, Content-Length, the answer's
// own field, Connection, the added lines, the empty line and the page.
void write_answer(const Answer& answer, const Http1Context& context, std::string& out);

}  // namespace worker::http
