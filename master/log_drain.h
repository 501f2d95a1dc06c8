// Empties the workers' log rings into the log_queue.
//
// While records keep coming it looks at the rings every few milliseconds; after a second of silence
// it puts the rings to sleep, and the next record rings the doorbell. One turn is bounded, so that
// signals are answered however much is logged. While the log_queue's reader is slow or away the
// records stay in their rings; what a full ring dropped is counted by the log_queue.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "master/log_queue.h"
#include "shm/segment.h"

namespace master {

inline constexpr unsigned kRecordsPerTurn = 1000;  // of each ring
inline constexpr int kDrainPauseMs = 10;
inline constexpr std::uint64_t kSilenceMs = 1000;

class LogDrain {
 public:
  LogDrain(shm::Segment& segment, LogQueue& log_queue);

  void on_spawn(shm::Row row, std::uint64_t now_ms);  // a process was born into it
  void on_exit(shm::Row row);                         // its process is dead: take what is left
  void on_doorbell(std::uint64_t now_ms);

  void turn(std::uint64_t now_ms);
  // How long the master may block: milliseconds, -1 = until the doorbell rings. It should also wake
  // up for LogQueue::writable_fd.
  int timeout_ms() const;

 private:
  // True when at least one record was read.
  bool drain_rings();
  bool drain_ring(shm::Row row);
  void wake_up(std::uint64_t now_ms);
  void fall_asleep(std::uint64_t now_ms);
  void count_drops(shm::Row row);
  bool is_taken(shm::Row row) const;

  shm::Segment& segment_;
  LogQueue& log_queue_;
  bool awake_ = true;
  bool more_ = false;  // the last turn ended at its bound
  std::uint64_t last_record_ms_;
  std::string text_;                    // of the record that is passed on; reused
  std::vector<std::uint64_t> dropped_;  // by row: of them the log_queue knows
};

}  // namespace master
