// Backends: ids, liveness words, gates and counters of the segment. No system call, no lock.
//
// A liveness word is 1 bit dead, 7 bits reason, 56 bits milliseconds (enough for two million
// years). The reason of a live backend is not 0 if it was dead before. A schedule of probes is 8
// bits for the number of probes and 56 bits for the time of the last one, or of the failure when
// there was none.
#include "shm/backend_table.h"

#include <algorithm>

namespace shm {
namespace {

constexpr std::uint64_t kDeadBit = std::uint64_t{1} << 63;
constexpr int kReasonShift = 56;
constexpr std::uint64_t kReasonMask = 0x7f;
constexpr std::uint64_t kTimeMask = (std::uint64_t{1} << kReasonShift) - 1;

constexpr int kProbesShift = 56;
constexpr std::uint64_t kMostProbes = 32;  // then the delay exceeds every period

constexpr std::uint64_t kCameBack = 1;  // instead of the reason

std::uint64_t live_word(std::uint64_t now_ms, bool came_back) {
  return (came_back ? kCameBack << kReasonShift : 0) | (now_ms & kTimeMask);
}

std::uint64_t dead_word(DeadReason reason, std::uint64_t now_ms) {
  return kDeadBit | (static_cast<std::uint64_t>(reason) << kReasonShift) | (now_ms & kTimeMask);
}

std::uint64_t schedule_word(std::uint64_t probes, std::uint64_t now_ms) {
  return (std::min(probes, kMostProbes) << kProbesShift) | (now_ms & kTimeMask);
}

// Claims the next probe of a schedule whose failure was at `since_ms`. A probe at or before that
// time belongs to an earlier failure.
bool claim(std::atomic<std::uint64_t>& schedule, std::uint64_t since_ms, std::uint64_t now_ms,
           std::uint64_t period_ms) {
  std::uint64_t seen = schedule.load();
  const std::uint64_t last_ms = seen & kTimeMask;
  const bool is_first = last_ms <= since_ms;
  const std::uint64_t probes = is_first ? 0 : seen >> kProbesShift;
  const std::uint64_t delay_ms = std::min(period_ms, kFirstProbeMs << probes);
  if (now_ms < (is_first ? since_ms : last_ms) + delay_ms) return false;
  return schedule.compare_exchange_strong(seen, schedule_word(probes + 1, now_ms));
}

}  // namespace

std::string_view to_text(DeadReason reason) {
  switch (reason) {
    case DeadReason::none:
      return "none";
    case DeadReason::refused:
      return "refused";
    case DeadReason::timeout:
      return "timeout";
    case DeadReason::reset:
      return "reset";
    case DeadReason::unreachable:
      return "unreachable";
    case DeadReason::dns:
      return "dns";
    case DeadReason::other:
      return "other";
    case DeadReason::check:
      return "check";
  }
  return "other";
}

std::string_view to_text(Standing standing) {
  switch (standing) {
    case Standing::live:
      return "live";
    case Standing::warming:
      return "warming";
    case Standing::ejected:
      return "ejected";
    case Standing::dead:
      return "dead";
  }
  return "dead";
}

BackendTable::BackendTable(MasterPart& master, PerRow<RowPart> rows, CommonPart& common)
    : master_(master),
      rows_(rows),
      common_(common),
      cells_(rows.at(&rows[0].cells), common.cells),
      response_times_(rows.at(&rows[0].response_times), common.response_times),
      checks_(common.checks),
      ejections_(common.ejections),
      admin_(master.admin, AdminState::drained) {}

std::optional<std::uint32_t> BackendTable::enroll(BackendId id, std::uint32_t limit,
                                                  std::uint64_t now_ms) {
  const auto is_idle = [this](std::uint32_t index) {
    return gate(index).in_service(kMaxRows) == 0 && gate(index).waiting(kMaxRows) == 0;
  };
  const auto entry = master_.ids.take(id, is_idle);
  if (!entry) return std::nullopt;
  if (entry->is_new) {
    common_.liveness[entry->index].store(live_word(now_ms, false));
    common_.probes[entry->index].store(0);
    for (SilentAddress& one : common_.silent[entry->index]) one.key.store(0);
    common_.heard_ms[entry->index].store(0);
    checks_.restart(entry->index);
    ejections_.restart(entry->index);
    admin_.restart(entry->index);
    master_.warmup_ms[entry->index].store(0);
    cells_.restart(entry->index);
    slots(entry->index).set_limit(limit);
    response_times_.restart(entry->index);
  }
  return entry->index;
}

void BackendTable::retire(std::uint32_t index) { master_.ids.retire(index); }

std::uint32_t BackendTable::size() const { return master_.ids.size(); }

bool BackendTable::enrolled(std::uint32_t index) const { return master_.ids.enrolled(index); }

SlotGates BackendTable::slots(std::uint32_t index) const {
  return {master_.slots[index], rows_.at(&rows_[0].slots[index]), common_.slots[index]};
}

Gate BackendTable::gate(std::uint32_t index) const { return slots(index).all; }

Liveness BackendTable::liveness(std::uint32_t index) const {
  const std::uint64_t word = common_.liveness[index].load(std::memory_order_acquire);
  Liveness verdict;
  verdict.live = (word & kDeadBit) == 0;
  const std::uint64_t reason = (word >> kReasonShift) & kReasonMask;
  if (!verdict.live) verdict.reason = static_cast<DeadReason>(reason);
  verdict.came_back = verdict.live && reason == kCameBack;
  verdict.since_ms = word & kTimeMask;
  return verdict;
}

bool BackendTable::is_live(std::uint32_t index) const {
  return (common_.liveness[index].load(std::memory_order_acquire) & kDeadBit) == 0;
}

bool BackendTable::mark_dead(std::uint32_t index, DeadReason reason, std::uint64_t now_ms) {
  std::uint64_t seen = common_.liveness[index].load();
  while ((seen & kDeadBit) == 0) {
    if (common_.liveness[index].compare_exchange_weak(seen, dead_word(reason, now_ms))) return true;
  }
  return false;
}

bool BackendTable::mark_live(std::uint32_t index, std::uint64_t now_ms) {
  std::uint64_t seen = common_.liveness[index].load();
  while ((seen & kDeadBit) != 0) {
    if (common_.liveness[index].compare_exchange_weak(seen, live_word(now_ms, true))) return true;
  }
  return false;
}

void BackendTable::set_recovery(std::uint32_t index, const Recovery& recovery) {
  master_.warmup_ms[index].store(recovery.warmup_ms, std::memory_order_relaxed);
  if (!recovery.is_checked) checks_.restart(index);
  if (!recovery.may_be_ejected) ejections_.restart(index);
}

Fitness BackendTable::fitness(std::uint32_t index, std::uint64_t now_ms) const {
  const Liveness verdict = liveness(index);
  if (!verdict.live) return {Standing::dead, 0};
  const std::uint64_t ejected_until = ejections_.until_ms(index);
  if (now_ms < ejected_until) return {Standing::ejected, 0};
  const std::uint64_t back_ms = std::max(verdict.came_back ? verdict.since_ms : 0, ejected_until);
  const std::uint64_t warmup_ms = master_.warmup_ms[index].load(std::memory_order_relaxed);
  const std::uint64_t warm_ms = now_ms > back_ms ? now_ms - back_ms : 0;
  if (back_ms == 0 || warm_ms >= warmup_ms) return {Standing::live, kFullShare};
  const std::uint64_t risen = (kFullShare - kFirstShare) * warm_ms / warmup_ms;
  return {Standing::warming, kFirstShare + static_cast<unsigned>(risen)};
}

bool BackendTable::claim_probe(std::uint32_t index, std::uint64_t now_ms, std::uint64_t period_ms) {
  const Liveness verdict = liveness(index);
  return !verdict.live && claim(common_.probes[index], verdict.since_ms, now_ms, period_ms);
}

void BackendTable::expedite_probe(std::uint32_t index) {
  if (!is_live(index)) common_.probes[index].store(0);
}

bool BackendTable::claim_suspicion(std::uint32_t index, std::uint64_t now_ms) {
  std::uint64_t seen = common_.probes[index].load();
  const std::uint64_t last_ms = seen & kTimeMask;
  if (!is_live(index) || (last_ms != 0 && now_ms < last_ms + kSuspicionMs)) return false;
  return common_.probes[index].compare_exchange_strong(seen, schedule_word(0, now_ms));
}

std::uint64_t BackendTable::last_probe_ms(std::uint32_t index) const {
  return common_.probes[index].load(std::memory_order_relaxed) & kTimeMask;
}

bool BackendTable::mark_silent(std::uint32_t index, AddressKey address, std::uint64_t now_ms) {
  if (is_silent(index, address)) return false;
  for (SilentAddress& one : common_.silent[index]) {
    AddressKey seen = 0;
    if (one.key.compare_exchange_strong(seen, address)) {
      one.probes.store(schedule_word(0, now_ms));
      return true;
    }
    if (seen == address) return false;  // another caller was faster
  }
  return false;
}

bool BackendTable::mark_answering(std::uint32_t index, AddressKey address) {
  bool any = false;
  for (SilentAddress& one : common_.silent[index]) {
    AddressKey seen = address;
    if (one.key.load() == address) any |= one.key.compare_exchange_strong(seen, 0);
  }
  return any;
}

bool BackendTable::is_silent(std::uint32_t index, AddressKey address) const {
  return std::ranges::any_of(common_.silent[index], [&](const SilentAddress& one) {
    return one.key.load(std::memory_order_relaxed) == address;
  });
}

std::uint32_t BackendTable::silent_among(std::uint32_t index,
                                         std::span<const AddressKey> addresses) const {
  std::uint32_t mask = 0;
  for (const SilentAddress& one : common_.silent[index]) {
    const AddressKey key = one.key.load(std::memory_order_relaxed);
    if (key == 0) continue;
    const auto found = std::ranges::find(addresses, key);
    if (found != addresses.end()) mask |= std::uint32_t{1} << (found - addresses.begin());
  }
  return mask;
}

void BackendTable::forget_silent(std::uint32_t index, std::span<const AddressKey> addresses) {
  for (SilentAddress& one : common_.silent[index]) {
    AddressKey key = one.key.load();
    if (key == 0 || std::ranges::find(addresses, key) != addresses.end()) continue;
    one.key.compare_exchange_strong(key, 0);
  }
}

bool BackendTable::claim_address_probe(std::uint32_t index, AddressKey address,
                                       std::uint64_t now_ms, std::uint64_t period_ms) {
  for (SilentAddress& one : common_.silent[index]) {
    if (one.key.load() == address) return claim(one.probes, 0, now_ms, period_ms);
  }
  return false;
}

void BackendTable::note_heard(std::uint32_t index, std::uint64_t now_ms) {
  std::atomic<std::uint64_t>& heard = common_.heard_ms[index];
  if (heard.load(std::memory_order_relaxed) + kHeardStepMs <= now_ms) {
    heard.store(now_ms, std::memory_order_relaxed);
  }
}

std::uint64_t BackendTable::last_heard_ms(std::uint32_t index) const {
  return common_.heard_ms[index].load(std::memory_order_relaxed);
}

void BackendTable::count_request(std::uint32_t index, Row row) {
  add_to(cells_.take(index, row).requests, 1);
}

void BackendTable::count_failure(std::uint32_t index, Row row, BackendFailure why) {
  add_to(cells_.take(index, row).failures[static_cast<std::size_t>(why)], 1);
}

void BackendTable::count_response(std::uint32_t index, Row row, int status, std::uint64_t us) {
  ResponseCells& responses = cells_.take(index, row).responses;
  responses.count(response_class(status));
  responses.count_time(us);
  response_times_.take(index, row).count(us);
}

BackendCounters BackendTable::counters(std::uint32_t index) const {
  BackendCounters sums;
  cells_.each(index, [&](const BackendCells& cells) { sums.add(cells); });
  return sums;
}

LatencySums BackendTable::response_times(std::uint32_t index) const {
  LatencySums sums;
  response_times_.each(index, [&](const LatencyCells& cells) { sums.add(cells); });
  return sums;
}

std::uint64_t BackendTable::mend_times(std::uint32_t index, std::uint64_t now_ms) {
  std::uint64_t mended = 0;
  const Liveness verdict = liveness(index);
  if (verdict.since_ms > now_ms) {
    common_.liveness[index].store(verdict.live ? live_word(now_ms, verdict.came_back)
                                               : dead_word(verdict.reason, now_ms));
    ++mended;
  }
  const bool was_probed_later = last_probe_ms(index) > now_ms;
  if (was_probed_later || !verdict.live) common_.probes[index].store(0);
  mended += was_probed_later ? 1 : 0;
  if (last_heard_ms(index) > now_ms) {
    common_.heard_ms[index].store(0);
    ++mended;
  }
  for (SilentAddress& one : common_.silent[index]) {
    if ((one.probes.load() & kTimeMask) <= now_ms) continue;
    one.probes.store(schedule_word(0, now_ms));
    ++mended;
  }
  return mended + checks_.mend(index, now_ms) + ejections_.mend(index, now_ms);
}

std::uint64_t BackendTable::mend(std::uint64_t now_ms) {
  std::uint64_t mended = 0;
  for (std::uint32_t index = 0; index < size(); ++index) {
    mended += mend_times(index, now_ms) + slots(index).mend();
  }
  return mended;
}

void BackendTable::release_row(Row row) {
  for (std::uint32_t index = 0; index < size(); ++index) slots(index).release_row(row);
}

}  // namespace shm
