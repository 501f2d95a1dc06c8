// See status.h.
#include "master/status.h"

#include <unistd.h>

#include "master/clock.h"
#include "shm/status_text.h"

namespace master {
namespace {

constexpr std::uint64_t kSlowLogMs = 50;  // until the next attempt

}  // namespace

std::vector<shm::StatusObject> take_status(shm::Segment& segment,
                                           const std::vector<const Generation*>& generations,
                                           std::uint64_t started_ms, std::uint64_t now_ms) {
  shm::RowNames names;
  shm::ProcessStatus process{POUND_VERSION, ::getpid(), 0, started_ms};
  for (const Generation* generation : generations) {
    worker::add_names(names, generation->heritage);
    process.generation = generation->number;
  }
  return shm::status_objects(process, shm::take_snapshot(segment, now_ms), names);
}

void StatusReport::begin(const std::vector<const Generation*>& generations, std::uint64_t now_ms) {
  lines_ = shm::status_lines(take_status(segment_, generations, started_ms_, now_ms));
  lines_.push_back(shm::status_end_line(lines_.size(), 0));
  next_ = 0;
  begun_ms_ = now_ms;
  asked_ = false;
}

void StatusReport::give_up() {
  const std::size_t lines = lines_.size() - 1;
  lines_ = {shm::status_end_line(lines, lines - next_)};
  next_ = 0;
}

void StatusReport::send() {
  for (unsigned count = 0; count < kStatusLinesPerTurn && next_ < lines_.size(); ++count) {
    is_slow_ = !log_queue_.is_clear();
    if (is_slow_) return;
    log_queue_.log(worker::log::Severity::notice, lines_[next_++]);
  }
  if (next_ == lines_.size()) std::vector<std::string>().swap(lines_);
}

void StatusReport::turn(const std::vector<const Generation*>& generations, std::uint64_t now_ms) {
  last_turn_ms_ = now_ms;
  if (lines_.empty() && asked_) begin(generations, now_ms);
  if (lines_.empty()) return;
  if (lines_.size() > 1 && now_ms - begun_ms_ >= kStatusPatienceMs) give_up();
  log_queue_.flush();
  send();
}

std::uint64_t StatusReport::due_ms() const {
  if (lines_.empty()) return asked_ ? kNow : kNever;
  return is_slow_ ? last_turn_ms_ + kSlowLogMs : kNow;
}

}  // namespace master
