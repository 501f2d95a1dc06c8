// A response that Pound makes itself: an error page or a redirect.
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
  std::string_view content_type = "text/html; charset=utf-8";
  AnswerField field = {};       // what the status requires: Allow, Location; no name: none
  std::string_view page = {};   // may be empty
  std::string_view added = {};  // ready "Name: value\r\n" lines, of Reply
};

// A small HTML page with this title. `html` follows the heading, and the caller has escaped both.
std::string answer_page(std::string_view title, std::string_view html = {});

}  // namespace worker::http
