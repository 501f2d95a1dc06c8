// The values of one cookie in the head of a request, in the order of the head.
//
// A browser sends several cookies of one name when they were set for several paths or domains.
// Pure; the values are views into the head. Names are case-sensitive, and the blanks around a name
// or a value do not count, as in browsers (RFC 6265 5.2); quotes are part of the value.
#pragma once

#include <optional>
#include <string_view>

#include "worker/http/header_list.h"

namespace worker::http {

class CookieWalk {
 public:
  // Borrows both.
  CookieWalk(const HeaderList& fields, std::string_view name)
      : next_(fields.has(FieldId::cookie) ? fields.begin() : fields.end()),
        end_(fields.end()),
        name_(name) {}

  // Nothing at the end. A value may be empty.
  std::optional<std::string_view> next();

 private:
  const Field* next_;  // the field to read when `rest_` is at its end
  const Field* end_;
  std::string_view name_;
  std::string_view rest_;  // of the field that is being read
};

}  // namespace worker::http
