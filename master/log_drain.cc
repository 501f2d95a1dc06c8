// See log_drain.h.
#include "master/log_drain.h"

#include <unistd.h>

#include "master/clock.h"

namespace master {
namespace {

constexpr int kSlowSinkMs = 100;              // when its readiness is not told
constexpr std::uint64_t kTellDropsMs = 1000;  // at most once in this time for each ring

}  // namespace

LogDrain::LogDrain(shm::Segment& segment, Journal& journal)
    : segment_(segment), journal_(journal), last_record_ms_(now_ms()), drops_(shm::kMaxRows) {}

bool LogDrain::is_taken(shm::Row row) const {
  return segment_.workers().info(row).state != shm::WorkerState::free;
}

void LogDrain::opened(shm::Row row, std::uint64_t now_ms) {
  drops_[row] = {};
  wake_up(now_ms);
}

void LogDrain::doorbell_rang(std::uint64_t now_ms) { wake_up(now_ms); }

void LogDrain::wake_up(std::uint64_t now_ms) {
  last_record_ms_ = now_ms;
  if (awake_) return;
  awake_ = true;
  for (shm::Row row = 0; row < segment_.workers().rows_in_use(); ++row) {
    segment_.log_ring(row).awake();
  }
}

void LogDrain::fall_asleep(std::uint64_t now_ms) {
  for (shm::Row row = 0; row < segment_.workers().rows_in_use(); ++row) {
    segment_.log_ring(row).sleep();
  }
  awake_ = false;
  // What was written before the ring knew of the sleep rang no doorbell.
  if (drain_rings()) wake_up(now_ms);
}

bool LogDrain::offer_kept() {
  if (!has_kept_) return true;
  if (!journal_.pass_on(kept_.priority, kept_.pid, kept_.text)) return false;
  has_kept_ = false;
  return true;
}

bool LogDrain::drain_ring(shm::Row row) {
  shm::LogRing& ring = segment_.log_ring(row);
  for (unsigned count = 0; count < kRecordsPerTurn; ++count) {
    if (!ring.read(kept_.priority, kept_.text)) return count != 0;
    kept_.pid = segment_.workers().info(row).pid;
    has_kept_ = true;
    if (!offer_kept()) return true;
  }
  more_ = true;
  return true;
}

bool LogDrain::drain_rings() {
  bool any = false;
  more_ = false;
  for (shm::Row row = 0; row < segment_.workers().rows_in_use() && !has_kept_; ++row) {
    if (is_taken(row)) any = drain_ring(row) || any;
  }
  return any;
}

void LogDrain::turn(std::uint64_t now_ms) {
  if (!awake_) return;
  // Before the records: while the reader is too slow for all of them it must at least learn that.
  for (shm::Row row = 0; row < segment_.workers().rows_in_use(); ++row) {
    if (is_taken(row)) tell_drops(row, now_ms);
  }
  const bool any = offer_kept() && drain_rings();
  if (any || has_kept_) last_record_ms_ = now_ms;
  if (now_ms - last_record_ms_ >= kSilenceMs) fall_asleep(now_ms);
  journal_.flush();
}

void LogDrain::tell_drops(shm::Row row, std::uint64_t now_ms) {
  Drops& drops = drops_[row];
  const std::uint64_t dropped = segment_.log_ring(row).dropped();
  if (dropped == drops.told) return;
  if (drops.told != 0 && now_ms - drops.told_at_ms < kTellDropsMs) return;
  const std::uint64_t fresh = dropped - drops.told;
  const std::string text = "the log ring of pid " +
                           std::to_string(segment_.workers().info(row).pid) +
                           " was full: " + std::to_string(fresh) +
                           (fresh == 1 ? " record was dropped" : " records were dropped");
  if (journal_.pass_on(static_cast<int>(worker::Severity::warning), ::getpid(), text)) {
    drops = {dropped, now_ms};
  }
}

void LogDrain::closing(shm::Row row) {
  std::uint64_t lost = offer_kept() ? 0 : 1;
  has_kept_ = false;
  Record record;
  while (segment_.log_ring(row).read(record.priority, record.text)) {
    if (lost != 0 ||
        !journal_.pass_on(record.priority, segment_.workers().info(row).pid, record.text)) {
      ++lost;
    }
  }
  if (lost != 0) journal_.lose(lost);
  drops_[row].told_at_ms = 0;
  tell_drops(row, kTellDropsMs);
  journal_.flush();
}

int LogDrain::timeout_ms() const {
  if (!awake_) return -1;
  if (waits_for() >= 0) return kSlowSinkMs;
  return more_ ? 0 : kDrainPauseMs;
}

}  // namespace master
