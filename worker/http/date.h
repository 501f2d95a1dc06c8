// The time of a response as text: IMF-fixdate, RFC 9110 5.6.7, "Sun, 06 Nov 1994 08:49:37 GMT".
//
// Pure: the caller has the clock. Keeps the text of the last second that it was asked for, because
// most responses of a second share it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace worker::http {

class Date {
 public:
  // The text for a number of seconds since 1970, valid until the next call.
  std::string_view text(std::int64_t seconds);

 private:
  std::int64_t seconds_ = 0;
  std::string text_;
};

}  // namespace worker::http
