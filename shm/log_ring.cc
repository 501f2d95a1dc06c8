// A byte ring between one worker and the master. Copies bytes, makes no system call.
//
// How sleeping works: the reader sets asleep_, then looks for a record; the writer publishes its
// record, then looks at asleep_. All four steps are sequentially consistent, so at least one side
// sees what the other did.
#include "shm/log_ring.h"

#include <algorithm>
#include <cstring>

namespace shm {

std::uint64_t LogRing::record_bytes(std::uint64_t length) {
  constexpr std::uint64_t kUnit = sizeof(Header);
  return kUnit + (length + kUnit - 1) / kUnit * kUnit;
}

void LogRing::copy_in(std::uint64_t at, const void* from, std::size_t bytes) {
  const std::size_t start = at % kLogRingBytes;
  const std::size_t first = std::min<std::size_t>(bytes, kLogRingBytes - start);
  std::memcpy(data_ + start, from, first);
  std::memcpy(data_, static_cast<const char*>(from) + first, bytes - first);
}

void LogRing::copy_out(std::uint64_t at, void* to, std::size_t bytes) const {
  const std::size_t start = at % kLogRingBytes;
  const std::size_t first = std::min<std::size_t>(bytes, kLogRingBytes - start);
  std::memcpy(to, data_ + start, first);
  std::memcpy(static_cast<char*>(to) + first, data_, bytes - first);
}

bool LogRing::wake_reader() { return asleep_.load() != 0 && asleep_.exchange(0) != 0; }

bool LogRing::write(int priority, std::string_view text) {
  text = text.substr(0, kMaxLogRecord);
  const std::uint64_t at = written_.load(std::memory_order_relaxed);
  const std::uint64_t used = at - taken_.load(std::memory_order_acquire);
  const std::uint64_t bytes = record_bytes(text.size());
  if (used + bytes > kLogRingBytes) {
    dropped_.fetch_add(1, std::memory_order_relaxed);
    return wake_reader();
  }
  const Header header{static_cast<std::uint32_t>(text.size()),
                      static_cast<std::uint32_t>(priority) & 7U};
  copy_in(at, &header, sizeof header);
  if (!text.empty()) copy_in(at + sizeof header, text.data(), text.size());
  written_.store(at + bytes);
  return wake_reader();
}

void LogReader::look(const LogRing& ring) { end_ = ring.written_.load(); }

bool LogReader::next(LogRing& ring, int& priority, std::string& text) {
  if (taken_ == end_) return false;
  LogRing::Header header;
  const std::uint64_t left = end_ - taken_;
  const bool has_header = left >= sizeof header && left <= kLogRingBytes;
  if (has_header) ring.copy_out(taken_, &header, sizeof header);
  const bool is_sound =
      has_header && header.length <= kMaxLogRecord && LogRing::record_bytes(header.length) <= left;
  if (is_sound) {
    priority = static_cast<int>(header.priority & 7U);
    text.resize(header.length);
    ring.copy_out(taken_ + sizeof header, text.data(), text.size());
    taken_ += LogRing::record_bytes(header.length);
  } else {
    ++damages_;
    taken_ = end_;
  }
  ring.taken_.store(taken_, std::memory_order_release);
  return is_sound;
}

bool LogReader::read(LogRing& ring, int& priority, std::string& text) {
  look(ring);
  return next(ring, priority, text);
}

std::uint64_t LogRing::dropped() const { return dropped_.load(std::memory_order_relaxed); }

void LogRing::sleep() { asleep_.store(1); }

void LogRing::awake() { asleep_.store(0); }

void LogRing::reset() {
  taken_.store(0);
  written_.store(0);
  dropped_.store(0);
  asleep_.store(0);
}

}  // namespace shm
