// The pages that answer a request which Pound cannot serve.
//
// Owns the text of all pages: the built-in ones and those of the operator. Nothing in a built-in
// page comes from a client.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "worker/http/answer.h"

namespace worker::http {

inline constexpr std::string_view kIdMark = "{request_id}";  // in a page of the operator

// HTML pages by status. A page of the operator has priority, and the operator's page for 500 also
// serves every 5xx status that has no page of its own. Every other status gets a short built-in
// page. Read-only after the start.
class ErrorPages {
 public:
  ErrorPages();
  void set(int status, std::string html);
  std::string_view body(int status) const;
  // Likewise, with the id of the request, so that a user can name it: a built-in page has it below
  // its heading, a page of the operator in place of each kIdMark. Empty: the page is body() as it
  // is, because it does not show the id or there is none to show.
  std::string body_with_id(int status, std::string_view request_id) const;

  // The answer with the page for `status`; for 405 also with the field Allow, which lists
  // `allowed_methods`. Its views live as long as this object, or until set() for the same status,
  // and as long as `allowed_methods`.
  Answer answer(int status, std::string_view allowed_methods) const;

 private:
  const std::string* own_page(int status) const;

  std::map<int, std::string> own_;
  std::map<int, std::string> built_in_;  // one for each known status, and 0 for all others
};

}  // namespace worker::http
