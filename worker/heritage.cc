// Codes of refusals: see heritage.h.
#include "worker/heritage.h"

#include "worker/http/verdict.h"

namespace worker {

std::vector<std::string_view> refusal_codes() {
  static_assert(http::kReasons <= shm::kMaxReasons);
  std::vector<std::string_view> codes;
  for (std::size_t i = 0; i < http::kReasons; ++i) {
    codes.push_back(http::info(static_cast<http::Reason>(i)).code);
  }
  return codes;
}

std::string_view cookie_secret(const Heritage& heritage) {
  if (!heritage.cookie_secret.empty()) return heritage.cookie_secret;
  return {reinterpret_cast<const char*>(heritage.session_secret.data()),
          sizeof heritage.session_secret};
}

}  // namespace worker
