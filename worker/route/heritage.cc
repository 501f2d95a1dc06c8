// Names of services, and what limits mean: see heritage.h.
#include "worker/route/heritage.h"

namespace worker::route {

std::string service_name(std::string_view listener, std::size_t index) {
  return std::string(listener) + "/" + std::to_string(index + 1);
}

shm::Rate rate_of(const conf::ClientLimit& limit) {
  if (limit.rate == 0) return {};
  const auto per_us = static_cast<std::uint64_t>(limit.per.count()) * 1'000'000;
  const std::uint64_t interval_us = (per_us + limit.rate / 2) / limit.rate;  // at least 100
  return {.interval_us = interval_us, .horizon_us = interval_us * limit.burst};
}

std::string key_text(const conf::ClientLimit& limit) {
  switch (limit.key) {
    case conf::ClientLimit::Key::header:
      return "header:" + limit.key_name;
    case conf::ClientLimit::Key::cookie:
      return "cookie:" + limit.key_name;
    case conf::ClientLimit::Key::address:
      break;
  }
  return "address";
}

}  // namespace worker::route
