// One byte ring for each row: a worker logs by copying bytes, never by a system call.
//
// Single writer (the worker of the row), single reader (the master). A record that does not fit is
// dropped and counted. A writer killed in the middle of a record leaves nothing to be seen: a
// record appears when the write position is stored, last.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "shm/ids.h"
#include "shm/layout.h"

namespace shm {

inline constexpr std::uint32_t kLogRingBytes = 256 * 1024;  // power of two; touched as it fills
inline constexpr std::uint32_t kMaxLogRecord = 16 * 1024;   // longer text is cut

class LogRing {
 public:
  // `priority` is a syslog level 0..7. True when the reader slept and wants to be woken: the one
  // caller that is told so has to do it.
  bool write(int priority, std::string_view text);

  // The oldest record, copied into `text`; false when there is none. What a writer gone mad left
  // there is never believed: a ring that makes no sense is emptied, and counted as a drop.
  bool read(int& priority, std::string& text);

  std::uint64_t dropped() const;  // since the row was taken

  // The reader's side of sleeping: after `sleep` it must look once more, then may block.
  void sleep();
  void awake();
  void reset();  // by the master, when it takes the row for a new process

 private:
  // Before each text; records are multiples of its size, so that it never straddles the end.
  struct Header {
    std::uint32_t length = 0;
    std::uint32_t priority = 0;
  };
  static std::uint64_t record_bytes(std::uint64_t length);
  void copy_in(std::uint64_t at, const void* from, std::size_t bytes);
  void copy_out(std::uint64_t at, void* to, std::size_t bytes) const;
  bool wake_reader();

  // Positions count bytes since reset and never wrap; the place in data_ is the remainder.
  alignas(kCacheLine) std::atomic<std::uint64_t> written_{0};
  std::atomic<std::uint64_t> dropped_{0};
  alignas(kCacheLine) std::atomic<std::uint64_t> taken_{0};
  std::atomic<std::uint32_t> asleep_{0};
  alignas(kCacheLine) char data_[kLogRingBytes]{};
};

static_assert(kFitForSegment<LogRing>);
static_assert(sizeof(LogRing) == 2 * kCacheLine + kLogRingBytes);
static_assert((kLogRingBytes & (kLogRingBytes - 1)) == 0 && kMaxLogRecord < kLogRingBytes);

}  // namespace shm
