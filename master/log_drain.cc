// See log_drain.h.
#include "master/log_drain.h"

#include <algorithm>
#include <string>
#include <utility>

#include "master/clock.h"

namespace master {
namespace {

// How soon to try again with a reader that no descriptor reports on.
constexpr std::uint64_t kSlowReaderMs = 100;

// No worker logs anything worse.
constexpr int kMostSevere = static_cast<int>(worker::log::Severity::error);

}  // namespace

LogDrain::LogDrain(shm::Segment& segment, LogQueue& log_queue)
    : segment_(segment),
      log_queue_(log_queue),
      last_turn_ms_(now_ms()),
      last_record_ms_(last_turn_ms_) {
  text_.reserve(shm::kMaxLogRecord);  // the largest record: no turn allocates memory for it
  sources_.reserve(shm::kMaxRows);
}

void LogDrain::on_spawn(shm::Row row, pid_t pid, std::uint64_t now_ms) {
  const auto place = std::find_if(sources_.begin(), sources_.end(),
                                  [row](const Source& source) { return source.row > row; });
  sources_.insert(place, Source{.row = row, .pid = pid, .reader = {}, .counted_ms = now_ms});
  wake_up(now_ms);
}

LogDrain::Source* LogDrain::find(shm::Row row) {
  const auto found = std::find_if(sources_.begin(), sources_.end(),
                                  [row](const Source& source) { return source.row == row; });
  return found == sources_.end() ? nullptr : &*found;
}

void LogDrain::on_doorbell(std::uint64_t now_ms) { wake_up(now_ms); }

void LogDrain::wake_up(std::uint64_t now_ms) {
  last_record_ms_ = now_ms;
  if (awake_) return;
  awake_ = true;
  more_ = true;
  for (const Source& source : sources_) segment_.log_ring(source.row).awake();
}

void LogDrain::fall_asleep(std::uint64_t now_ms) {
  for (const Source& source : sources_) segment_.log_ring(source.row).sleep();
  awake_ = false;
  // A record that was written just before the ring went to sleep signalled no doorbell.
  if (drain_rings()) wake_up(now_ms);
}

bool LogDrain::forward_next(Source& source) {
  int priority = 0;
  if (!source.reader.next(segment_.log_ring(source.row), priority, text_)) return false;
  log_queue_.forward(std::max(priority, kMostSevere), source.pid, text_);
  return true;
}

bool LogDrain::drain(Source& source) {
  source.reader.look(segment_.log_ring(source.row));
  for (unsigned count = 0; count < kRecordsPerTurn; ++count) {
    if (!forward_next(source)) return count != 0;
    if (!log_queue_.is_clear()) break;
  }
  more_ = true;
  return true;
}

bool LogDrain::drain_rings() {
  bool any = false;
  more_ = false;
  for (Source& source : sources_) {
    if (log_queue_.is_clear()) any = drain(source) || any;
  }
  return any;
}

void LogDrain::turn(std::uint64_t now_ms) {
  const bool is_overdue = !awake_ && now_ms - last_turn_ms_ >= kSilenceMs;
  last_turn_ms_ = now_ms;
  log_queue_.flush();
  const bool is_stuck = log_queue_.is_stuck();
  if (is_overdue && !is_stuck && drain_rings()) wake_up(now_ms);
  if (!awake_) return;
  for (Source& source : sources_) count_drops(source, now_ms);
  segment_.workers().set_log_losses(log_queue_.losses());
  if (is_stuck || drain_rings()) last_record_ms_ = now_ms;
  if (now_ms - last_record_ms_ >= kSilenceMs) fall_asleep(now_ms);
  if (!is_stuck) log_queue_.flush();
}

void LogDrain::count_drops(Source& source, std::uint64_t now_ms) {
  const std::uint64_t dropped = segment_.log_ring(source.row).dropped();
  const std::uint64_t damages = source.reader.damages();
  const std::uint64_t most = (now_ms - source.counted_ms + 1) * kMostDropsPerMs;
  const std::uint64_t more = dropped - std::min(dropped, source.dropped);
  log_queue_.lose(std::min(more, most) + damages - std::exchange(source.damages, damages));
  source.dropped = dropped;
  source.counted_ms = now_ms;
}

void LogDrain::on_exit(shm::Row row, std::uint64_t now_ms) {
  Source* const source = find(row);
  if (source == nullptr) return;
  source->reader.look(segment_.log_ring(row));
  while (forward_next(*source)) {
  }
  count_drops(*source, now_ms);
  sources_.erase(sources_.begin() + (source - sources_.data()));
  log_queue_.flush();
}

std::uint64_t LogDrain::due_ms() const {
  if (log_queue_.has_unflushed()) return kNow;
  if (awake_ && !log_queue_.is_stuck()) return more_ ? kNow : last_turn_ms_ + kDrainPauseMs;
  if (log_queue_.is_behind()) return last_turn_ms_ + kSlowReaderMs;
  return sources_.empty() ? kNever : last_turn_ms_ + kSilenceMs;
}

}  // namespace master
