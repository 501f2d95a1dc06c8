// Moves the workers' records from their log rings to the log queue.
//
// While records keep coming, it reads the rings every kDrainPauseMs. After kSilenceMs without a
// record it puts the rings to sleep; the next record then signals the doorbell. It also looks every
// kSilenceMs, since a worker may have broken the doorbell. A turn reads a bounded number of
// records, so that signals are answered however much the workers log. While the reader of the log
// is slow or away, records stay in their rings. The log queue counts those that a full ring
// dropped.
//
// Of a ring it believes the texts only. Which rows are in use, and their pids, is known from
// on_spawn and on_exit. A record has at least the severity that workers use, and a count of dropped
// records is cut to what a processor can drop.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "master/log_queue.h"
#include "shm/segment.h"

namespace master {

inline constexpr unsigned kRecordsPerTurn = 1000;  // of each ring
inline constexpr std::uint64_t kDrainPauseMs = 10;
inline constexpr std::uint64_t kSilenceMs = 1000;
inline constexpr std::uint64_t kMostDropsPerMs = 10'000;

class LogDrain {
 public:
  LogDrain(shm::Segment& segment, LogQueue& log_queue);

  // A process was started in this row, with an empty ring.
  void on_spawn(shm::Row row, pid_t pid, std::uint64_t now_ms);
  // The row's process is dead: takes the records that it left, which is one ring at most.
  void on_exit(shm::Row row, std::uint64_t now_ms);
  void on_doorbell(std::uint64_t now_ms);

  // Moves records to the log queue and flushes it.
  void turn(std::uint64_t now_ms);
  // When the next turn is due, unless the doorbell or LogQueue::writable_fd reports earlier.
  std::uint64_t due_ms() const;

 private:
  // The ring of a row whose process lives.
  struct Source {
    shm::Row row;
    pid_t pid;
    shm::LogReader reader;
    std::uint64_t dropped = 0;  // how many the log queue knows of
    std::uint64_t damages = 0;
    std::uint64_t counted_ms;  // when the log queue was told last
  };

  // Both return whether they read at least one record.
  bool drain_rings();
  bool drain(Source& source);
  bool forward_next(Source& source);
  void wake_up(std::uint64_t now_ms);
  void fall_asleep(std::uint64_t now_ms);
  void count_drops(Source& source, std::uint64_t now_ms);
  Source* find(shm::Row row);

  shm::Segment& segment_;
  LogQueue& log_queue_;
  bool awake_ = true;
  bool more_ = false;  // records were left in the rings, or may have come while they slept
  std::uint64_t last_turn_ms_;
  std::uint64_t last_record_ms_;
  std::string text_;             // of the record in transit; its memory is reused
  std::vector<Source> sources_;  // in the order of their rows
};

}  // namespace master
