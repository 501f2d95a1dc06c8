// Errors of backends and ejections: see ejections.h. No system call, no lock.
#include "shm/ejections.h"

#include <algorithm>

namespace shm {

bool Ejections::note_error(std::uint32_t index, unsigned most, std::uint64_t in_ms,
                           std::uint64_t now_ms) {
  const std::uint64_t ejected_until = until_ms(index);
  if (now_ms < ejected_until) return false;
  Errors& errors = common_.errors[index];
  const std::uint64_t number = errors.count.fetch_add(1);
  errors.at_ms[number % Errors::kPlaces].store(now_ms);
  if (most <= 1) return true;
  if (number + 1 < most) return false;
  const std::uint64_t first = errors.at_ms[(number + 1 - most) % Errors::kPlaces].load();
  return first >= ejected_until && first != 0 && now_ms <= first + in_ms;
}

bool Ejections::eject(std::uint32_t index, std::uint64_t for_ms, std::uint64_t now_ms) {
  std::uint64_t seen = until_ms(index);
  if (now_ms < seen) return false;
  return common_.until_ms[index].compare_exchange_strong(seen, now_ms + for_ms);
}

void Ejections::restart(std::uint32_t index) {
  common_.until_ms[index].store(0);
  if (common_.errors[index].count.load() == 0) return;  // so that its pages stay untouched
  for (std::atomic<std::uint64_t>& at_ms : common_.errors[index].at_ms) at_ms.store(0);
  common_.errors[index].count.store(0);
}

std::uint64_t Ejections::mend(std::uint32_t index, std::uint64_t now_ms) {
  std::uint64_t mended = 0;
  if (until_ms(index) > now_ms + kLongestEjectionMs) {
    common_.until_ms[index].store(0);
    ++mended;
  }
  if (common_.errors[index].count.load() == 0) return mended;
  for (std::atomic<std::uint64_t>& at_ms : common_.errors[index].at_ms) {
    if (at_ms.load() <= now_ms) continue;
    at_ms.store(0);
    ++mended;
  }
  return mended;
}

}  // namespace shm
