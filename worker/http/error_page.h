// The responses that this proxy makes itself.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace worker::http {

// Standard reason phrase, or "Error" for an unknown status.
std::string_view reason_phrase(int status);

struct OwnResponse {
  bool keep_alive = false;  // the client's connection stays open after it
  bool client_is_http10 = false;
  bool to_head = false;
  std::string_view added = {};  // ready "Name: value\r\n" lines
};

// Appends a complete response: status line, Content-Type (text/html; charset=utf-8),
// Content-Length, `fields`, Connection, what is added, empty line, and the body unless it is to
// HEAD. `fields` are ready lines, too, which belong to the status.
void write_own_response(int status, std::string_view fields, std::string_view html,
                        const OwnResponse& how, std::string& out);

// HTML bodies by status. Pages of the operator's win; 500's own also serves every 5xx that has no
// page of its own; what is left gets a short built-in page. Read-only after start: what body()
// returns lives as long as the object, or until set() for the same status.
class ErrorPages {
 public:
  ErrorPages();
  void set(int status, std::string html);
  std::string_view body(int status) const;

  // Appends a complete response with the page, and `Allow` for 405.
  void write(int status, const OwnResponse& how, std::string& out) const;

 private:
  std::map<int, std::string> own_;
  std::map<int, std::string> built_in_;  // one for each known status, and 0 for all others
};

}  // namespace worker::http
