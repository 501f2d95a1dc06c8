// Reasons of access records: see reasons.h.
#include "worker/log/reasons.h"

#include <algorithm>

namespace worker::log {

static_assert(std::ranges::is_sorted(kOwnReasons));

std::optional<std::size_t> find_own_reason(std::string_view code) {
  const auto found = std::ranges::lower_bound(kOwnReasons, code);
  if (found == kOwnReasons.end() || *found != code) return std::nullopt;
  return static_cast<std::size_t>(found - kOwnReasons.begin());
}

void count_own_reason(shm::ListenerCells& cells, std::string_view code) {
  if (code.empty()) return;
  if (const auto index = find_own_reason(code)) shm::add_to(cells.own_reasons[*index], 1);
}

}  // namespace worker::log
