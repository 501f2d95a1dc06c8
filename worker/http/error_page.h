// The pages that answer a request which Pound cannot serve.
//
// Owns the text of all pages: the built-in ones and those of the operator. Nothing in a built-in
// page comes from a client.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "worker/http/answer.h"

namespace worker::http {

inline constexpr std::string_view kIdMark = "{request_id}";  // in a page of the operator

// A file of the operator, which several pages may share.
using PageText = std::shared_ptr<const std::string>;

// A page of the operator with the id of the request in place of each kIdMark; "-" if it has none.
// Empty: the page has no mark.
std::string with_request_id(std::string_view page, std::string_view request_id);

// The operator's HTML pages of one level: of Global, of a listener or of a service.
class OwnPages {
 public:
  void set(int status, PageText html);
  // The page for `status`, or, for a 5xx without one, the page for 500. Null: there is none.
  const std::string* find(int status) const;

 private:
  std::map<int, PageText> pages_;
};

// The levels before Global, as far as they are known. Null: none.
struct PageLevels {
  const OwnPages* service = nullptr;
  const OwnPages* listener = nullptr;
};

// HTML pages by status. The first level that has a page for it decides: service, listener, Global.
// Every other status gets a short built-in page. Read-only after the start.
class ErrorPages {
 public:
  ErrorPages();
  OwnPages& global() { return own_; }
  std::string_view body(int status, const PageLevels& levels = {}) const;
  // Likewise, with the id of the request, so that a user can name it: a built-in page has it below
  // its heading, a page of the operator in place of each kIdMark. Empty: the page is body() as it
  // is, because it does not show the id or there is none to show.
  std::string body_with_id(int status, std::string_view request_id,
                           const PageLevels& levels = {}) const;

  // The answer with the page for `status`; for 405 also with the field Allow, which lists
  // `allowed_methods`. Its views live as long as this object and the levels, or until global()
  // gets another one for the status, and as long as `allowed_methods`.
  Answer answer(int status, std::string_view allowed_methods, const PageLevels& levels = {}) const;

 private:
  const std::string* own_page(int status, const PageLevels& levels) const;

  OwnPages own_;
  std::map<int, std::string> built_in_;  // one for each known status, and 0 for all others
};

}  // namespace worker::http
