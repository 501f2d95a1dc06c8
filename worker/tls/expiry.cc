// See expiry.h.
#include "worker/tls/expiry.h"

#include <array>
#include <ctime>
#include <limits>

namespace worker::tls {
namespace {

constexpr std::int64_t kDayS = 86'400;

std::string date_text(std::int64_t unix_s) {
  const std::time_t when = unix_s;
  std::tm parts{};
  std::array<char, 64> text;
  if (::gmtime_r(&when, &parts) == nullptr) return "?";
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%d %H:%M:%S UTC", &parts)};
}

std::string days_text(std::int64_t left_s) {
  const std::int64_t days = left_s / kDayS;
  if (days == 0) return "less than a day";
  return std::to_string(days) + (days == 1 ? " day" : " days");
}

}  // namespace

Expiry expiry_at(std::int64_t not_after_s, std::int64_t now_s) {
  if (now_s > not_after_s) return Expiry::expired;
  const std::int64_t left_s = not_after_s - now_s;
  if (left_s <= kExpiryDaysS) return Expiry::days;
  return left_s <= kExpiryWeeksS ? Expiry::weeks : Expiry::far;
}

std::int64_t until_next_stage(std::int64_t not_after_s, std::int64_t now_s) {
  const std::int64_t left_s = not_after_s - now_s;
  switch (expiry_at(not_after_s, now_s)) {
    case Expiry::far:
      return left_s - kExpiryWeeksS;
    case Expiry::weeks:
      return left_s - kExpiryDaysS;
    case Expiry::days:
      return left_s + 1;
    case Expiry::expired:
      break;
  }
  return std::numeric_limits<std::int64_t>::max();
}

std::string_view refusal_text(ShownTo whom) {
  return whom == ShownTo::clients ? "clients will refuse it" : "the backend will refuse it";
}

std::string expiry_text(std::int64_t not_after_s, std::int64_t now_s, ShownTo whom) {
  switch (expiry_at(not_after_s, now_s)) {
    case Expiry::far:
      return {};
    case Expiry::expired:
      return std::string("has expired; ").append(refusal_text(whom));
    case Expiry::weeks:
    case Expiry::days:
      break;
  }
  return "expires in " + days_text(not_after_s - now_s) + " (" + date_text(not_after_s) + ")";
}

}  // namespace worker::tls
