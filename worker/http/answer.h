// A response that Pound makes itself: an error page, a redirect or a text of the operator.
//
// Meaning only. The connection adds what its protocol needs: the status line, the length of the
// page, and the fields of the connection (see http1_writer.h for HTTP/1). An Answer owns nothing;
// the function that makes one says how long its views live.
#pragma once

#include <string>
#include <string_view>

namespace worker::http {

struct AnswerField {
  std::string_view name = {};
  std::string_view value = {};
};

struct Answer {
  int status = 0;
  std::string_view content_type = "text/html; charset=utf-8";  // empty: it has no such field
  AnswerField field = {};       // what the status requires: Allow, Location; no name: none
  std::string_view page = {};   // may be empty; must be for a status that has_no_content()
  std::string_view added = {};  // ready "Name: value\r\n" lines, of Reply
};

// A response with this final status ends with its head, and says nothing of a length (RFC 9110 15).
inline bool has_no_content(int status) { return status == 204 || status == 304; }

// A small HTML page with this title. `html` follows the heading, and the caller has escaped both.
std::string answer_page(std::string_view title, std::string_view html = {});

}  // namespace worker::http
