// The relaxable rules that a request breaks: see relax.h.
#include "worker/http/relax.h"

#include <algorithm>

namespace worker::http {

static_assert(std::is_sorted(kRelaxable.begin(), kRelaxable.end()));
static_assert(std::is_sorted(kRelaxableInResponses.begin(), kRelaxableInResponses.end()));

void Breaches::note(Reason reason, std::size_t offset) {
  if (rules_.contains(reason)) return;
  rules_.add(reason);
  const auto* const place = std::find(kRelaxable.begin(), kRelaxable.end(), reason);
  offsets_[static_cast<std::size_t>(place - kRelaxable.begin())] =
      static_cast<std::uint32_t>(offset);
}

Refusal Breaches::refusal(RuleSet allowed) const {
  if (empty()) return {};
  const RuleSet refused = rules_.without(allowed);
  for (std::size_t i = 0; i < kRelaxable.size(); ++i) {
    if (refused.contains(kRelaxable[i])) return {kRelaxable[i], offsets_[i]};
  }
  return {};
}

}  // namespace worker::http
