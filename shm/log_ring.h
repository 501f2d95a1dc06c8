// One byte ring for each row: a worker logs by copying bytes, never by a system call.
//
// One writer (the worker of the row), one reader (the master). A record that does not fit is
// dropped and counted. The write position is stored last, so a writer that is killed in the middle
// of a record leaves nothing that the reader can see. The reader keeps its own position in private
// memory and believes nothing that a writer left: see LogReader.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "shm/ids.h"
#include "shm/layout.h"

namespace shm {

inline constexpr std::uint32_t kLogRingBytes =
    256 * 1024;  // a power of two; pages are touched as it fills
inline constexpr std::uint32_t kMaxLogRecord = 16 * 1024;  // a longer text is cut

class LogRing {
 public:
  // `priority` is a syslog level 0..7. True when the reader sleeps: the caller must then wake it.
  bool write(int priority, std::string_view text);

  std::uint64_t dropped() const;  // since the row was taken

  // For the reader: after `sleep` it must try to read once more before it blocks.
  void sleep();
  void awake();
  void reset();  // by the master, when a new process gets the row; needs a new LogReader

 private:
  friend class LogReader;
  // Stands before each text. A record is a multiple of its size, so it is never split at the end.
  struct Header {
    std::uint32_t length = 0;
    std::uint32_t priority = 0;
  };
  static std::uint64_t record_bytes(std::uint64_t length);
  void copy_in(std::uint64_t at, const void* from, std::size_t bytes);
  void copy_out(std::uint64_t at, void* to, std::size_t bytes) const;
  bool wake_reader();

  // Bytes since reset; these never wrap. The remainder is the index in data_.
  alignas(kCacheLine) std::atomic<std::uint64_t> written_{0};
  std::atomic<std::uint64_t> dropped_{0};
  alignas(kCacheLine) std::atomic<std::uint64_t> taken_{0};
  std::atomic<std::uint32_t> asleep_{0};
  alignas(kCacheLine) char data_[kLogRingBytes]{};
};

// The master's half of a ring, in its private memory.
//
// Whatever the ring contains, a call ends, and a text has at most kMaxLogRecord bytes. An
// inconsistent ring is emptied and counted as damaged.
class LogReader {
 public:
  // Notes how far the ring is written. `next` then reads the records up to there and no further, so
  // a writer that never stops does not keep the caller: at most kLogRingBytes are left to read.
  void look(const LogRing& ring);
  // Copies the next record into `text`; false when none is left.
  bool next(LogRing& ring, int& priority, std::string& text);
  // Both at once, for a caller that reads one record.
  bool read(LogRing& ring, int& priority, std::string& text);

  std::uint64_t damages() const { return damages_; }  // how often the ring was emptied

 private:
  std::uint64_t taken_ = 0;
  std::uint64_t end_ = 0;
  std::uint64_t damages_ = 0;
};

static_assert(kFitForSegment<LogRing>);
static_assert(sizeof(LogRing) == 2 * kCacheLine + kLogRingBytes);
static_assert((kLogRingBytes & (kLogRingBytes - 1)) == 0 && kMaxLogRecord < kLogRingBytes);

}  // namespace shm
