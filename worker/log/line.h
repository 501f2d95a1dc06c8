// The line that one log record becomes: a buffer of fixed size that is used again for each record.
//
// Owns its bytes. Cuts what does not fit, at the size that the ring would cut at anyway.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "shm/log_ring.h"
#include "worker/log/escape.h"

namespace worker::log {

class Line {
 public:
  void clear() { size_ = 0; }
  std::string_view text() const { return {bytes_.get(), size_}; }

  void put(std::string_view text) {
    size_ += text.copy(bytes_.get() + size_, shm::kMaxLogRecord - size_);
  }
  void put(std::uint64_t number) {
    char digits[20];
    const char* const end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    put(std::string_view(digits, static_cast<std::size_t>(end - digits)));
  }
  // `most` bounds the escaped form in bytes, as escape() does.
  void put_escaped(std::string_view bytes, std::size_t most) {
    const std::size_t left = shm::kMaxLogRecord - size_;
    if (left < kEllipsis.size()) return;
    const std::size_t fits = std::min(most, left - kEllipsis.size());
    char* const begin = bytes_.get() + size_;
    size_ += static_cast<std::size_t>(escape(begin, bytes, fits) - begin);
  }

 private:
  std::unique_ptr<char[]> bytes_ = std::make_unique_for_overwrite<char[]>(shm::kMaxLogRecord);
  std::size_t size_ = 0;
};

}  // namespace worker::log
