// Dates in English, whatever the locale: see date.h.
#include "worker/http/date.h"

#include <array>
#include <cstddef>

namespace worker::http {
namespace {

constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

void append_two_digits(std::string& out, int number) {
  out += static_cast<char>('0' + number / 10);
  out += static_cast<char>('0' + number % 10);
}

void append_clock(std::string& out, const std::tm& parts) {
  append_two_digits(out, parts.tm_hour);
  out += ':';
  append_two_digits(out, parts.tm_min);
  out += ':';
  append_two_digits(out, parts.tm_sec);
}

}  // namespace

std::string_view Date::text(std::time_t when) {
  if (when == when_ && !text_.empty()) return text_;
  std::tm parts{};
  ::gmtime_r(&when, &parts);
  const int year = parts.tm_year + 1900;
  text_.assign(kDays[static_cast<std::size_t>(parts.tm_wday)]).append(", ");
  append_two_digits(text_, parts.tm_mday);
  text_.append(" ").append(kMonths[static_cast<std::size_t>(parts.tm_mon)]).append(" ");
  append_two_digits(text_, year / 100);
  append_two_digits(text_, year % 100);
  text_.append(" ");
  append_clock(text_, parts);
  text_.append(" GMT");
  when_ = when;
  return text_;
}

}  // namespace worker::http
