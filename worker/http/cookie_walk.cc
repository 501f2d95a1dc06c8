// The values of one cookie: see cookie_walk.h.
#include "worker/http/cookie_walk.h"

#include "worker/http/chars.h"

namespace worker::http {

std::optional<std::string_view> CookieWalk::next() {
  for (;;) {
    while (rest_.empty()) {
      if (next_ == end_) return std::nullopt;
      if (next_->id == FieldId::cookie) rest_ = next_->value;
      ++next_;
    }
    const std::string_view pair = rest_.substr(0, rest_.find(';'));
    rest_.remove_prefix(pair.size() < rest_.size() ? pair.size() + 1 : pair.size());
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos || trim(pair.substr(0, equals)) != name_) continue;
    return trim(pair.substr(equals + 1));
  }
}

}  // namespace worker::http
