// Moves the workers' records from their log rings to the log queue.
//
// While records keep coming, it reads the rings every kDrainPauseMs. After kSilenceMs without a
// record it puts the rings to sleep; the next record then signals the doorbell. A turn reads a
// bounded number of records, so that signals are answered however much the workers log. While the
// reader of the log is slow or away, records stay in their rings. The log queue counts those that a
// full ring dropped.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "master/log_queue.h"
#include "shm/segment.h"

namespace master {

inline constexpr unsigned kRecordsPerTurn = 1000;  // of each ring
inline constexpr std::uint64_t kDrainPauseMs = 10;
inline constexpr std::uint64_t kSilenceMs = 1000;

class LogDrain {
 public:
  LogDrain(shm::Segment& segment, LogQueue& log_queue);

  // A process was started in this row.
  void on_spawn(shm::Row row, std::uint64_t now_ms);
  // The row's process is dead: takes all records that it left, without a bound.
  void on_exit(shm::Row row);
  void on_doorbell(std::uint64_t now_ms);

  // Moves records to the log queue and flushes it.
  void turn(std::uint64_t now_ms);
  // When the next turn is due, unless the doorbell or LogQueue::writable_fd reports earlier.
  std::uint64_t due_ms() const;

 private:
  // Both return whether they read at least one record.
  bool drain_rings();
  bool drain_ring(shm::Row row);
  void wake_up(std::uint64_t now_ms);
  void fall_asleep(std::uint64_t now_ms);
  void count_drops(shm::Row row);
  bool is_taken(shm::Row row) const;

  shm::Segment& segment_;
  LogQueue& log_queue_;
  bool awake_ = true;
  bool more_ = false;  // records were left in the rings, or may have come while they slept
  std::uint64_t last_turn_ms_;
  std::uint64_t last_record_ms_;
  std::string text_;                    // of the record in transit; its memory is reused
  std::vector<std::uint64_t> dropped_;  // by row: how many the log queue knows of
};

}  // namespace master
