// See log_drain.h.
#include "master/log_drain.h"

#include <string>
#include <utility>

#include "master/clock.h"

namespace master {
namespace {

// How soon to try again with a reader that no descriptor reports on.
constexpr std::uint64_t kSlowReaderMs = 100;

}  // namespace

LogDrain::LogDrain(shm::Segment& segment, LogQueue& log_queue)
    : segment_(segment),
      log_queue_(log_queue),
      last_turn_ms_(now_ms()),
      last_record_ms_(last_turn_ms_),
      dropped_(shm::kMaxRows) {
  text_.reserve(shm::kMaxLogRecord);  // the largest record: no turn allocates memory for it
}

bool LogDrain::is_taken(shm::Row row) const {
  return segment_.workers().info(row).state != shm::WorkerState::free;
}

void LogDrain::on_spawn(shm::Row row, std::uint64_t now_ms) {
  dropped_[row] = 0;
  wake_up(now_ms);
}

void LogDrain::on_doorbell(std::uint64_t now_ms) { wake_up(now_ms); }

void LogDrain::wake_up(std::uint64_t now_ms) {
  last_record_ms_ = now_ms;
  if (awake_) return;
  awake_ = true;
  more_ = true;
  for (shm::Row row = 0; row < segment_.workers().rows_in_use(); ++row) {
    segment_.log_ring(row).awake();
  }
}

void LogDrain::fall_asleep(std::uint64_t now_ms) {
  for (shm::Row row = 0; row < segment_.workers().rows_in_use(); ++row) {
    segment_.log_ring(row).sleep();
  }
  awake_ = false;
  // A record that was written just before the ring went to sleep signalled no doorbell.
  if (drain_rings()) wake_up(now_ms);
}

bool LogDrain::drain_ring(shm::Row row) {
  shm::LogRing& ring = segment_.log_ring(row);
  const pid_t pid = segment_.workers().info(row).pid;
  int priority = 0;
  for (unsigned count = 0; count < kRecordsPerTurn; ++count) {
    if (!ring.read(priority, text_)) return count != 0;
    log_queue_.forward(priority, pid, text_);
    if (!log_queue_.is_clear()) break;
  }
  more_ = true;
  return true;
}

bool LogDrain::drain_rings() {
  bool any = false;
  more_ = false;
  for (shm::Row row = 0; row < segment_.workers().rows_in_use() && log_queue_.is_clear(); ++row) {
    if (is_taken(row)) any = drain_ring(row) || any;
  }
  return any;
}

void LogDrain::turn(std::uint64_t now_ms) {
  last_turn_ms_ = now_ms;
  log_queue_.flush();
  if (awake_) {
    for (shm::Row row = 0; row < segment_.workers().rows_in_use(); ++row) {
      if (is_taken(row)) count_drops(row);
    }
    const bool is_stuck = log_queue_.is_stuck();
    if (is_stuck || drain_rings()) last_record_ms_ = now_ms;
    if (now_ms - last_record_ms_ >= kSilenceMs) fall_asleep(now_ms);
    if (!is_stuck) log_queue_.flush();
  }
}

void LogDrain::count_drops(shm::Row row) {
  const std::uint64_t dropped = segment_.log_ring(row).dropped();
  log_queue_.lose(dropped - std::exchange(dropped_[row], dropped));
}

void LogDrain::on_exit(shm::Row row) {
  const pid_t pid = segment_.workers().info(row).pid;
  int priority = 0;
  while (segment_.log_ring(row).read(priority, text_)) log_queue_.forward(priority, pid, text_);
  count_drops(row);
  log_queue_.flush();
}

std::uint64_t LogDrain::due_ms() const {
  if (log_queue_.has_unflushed()) return kNow;
  if (awake_ && !log_queue_.is_stuck()) return more_ ? kNow : last_turn_ms_ + kDrainPauseMs;
  return log_queue_.is_behind() ? last_turn_ms_ + kSlowReaderMs : kNever;
}

}  // namespace master
