// Dates in English, whatever the locale: see date.h.
#include "worker/http/date.h"

#include <array>
#include <chrono>

namespace worker::http {
namespace {

constexpr std::array<std::string_view, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

void append_two_digits(std::string& out, unsigned number) {
  out += static_cast<char>('0' + number / 10);
  out += static_cast<char>('0' + number % 10);
}

}  // namespace

std::string_view Date::text(std::int64_t seconds) {
  using namespace std::chrono;
  if (seconds == seconds_ && !text_.empty()) return text_;
  const sys_seconds when{std::chrono::seconds(seconds)};
  const sys_days day = floor<days>(when);
  const year_month_day date(day);
  const hh_mm_ss clock(when - day);
  text_.assign(kDays[weekday(day).c_encoding()]).append(", ");
  append_two_digits(text_, static_cast<unsigned>(date.day()));
  text_.append(" ").append(kMonths[static_cast<unsigned>(date.month()) - 1]).append(" ");
  append_two_digits(text_, static_cast<unsigned>(static_cast<int>(date.year())) / 100);
  append_two_digits(text_, static_cast<unsigned>(static_cast<int>(date.year())) % 100);
  text_.append(" ");
  append_two_digits(text_, static_cast<unsigned>(clock.hours().count()));
  text_.append(":");
  append_two_digits(text_, static_cast<unsigned>(clock.minutes().count()));
  text_.append(":");
  append_two_digits(text_, static_cast<unsigned>(clock.seconds().count()));
  text_.append(" GMT");
  seconds_ = seconds;
  return text_;
}

}  // namespace worker::http
