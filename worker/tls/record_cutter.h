// Cuts the pieces of one write into the contents of TLS records.
//
// Borrows the pieces. Copies only where a record takes bytes from more than one piece.
#pragma once

#include <sys/uio.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <string_view>

namespace worker::tls {

inline constexpr std::size_t kRecordSize = 16 * 1024;  // bytes; the most that one record carries

class RecordCutter {
 public:
  RecordCutter(const iovec* pieces, int count) : piece_(pieces), end_(pieces + count) {
    leave_finished_pieces();
  }

  bool done() const { return piece_ == end_; }

  // Leaves out `size` bytes of the current piece, which has as many.
  void skip(std::size_t size) {
    at_ += size;
    leave_finished_pieces();
  }

  // The contents of the next record. They stay where they are if the current piece fills the record
  // or is the last one; otherwise they are gathered in `room`, of kRecordSize bytes.
  std::string_view next(char* room) {
    const char* const base = static_cast<const char*>(piece_->iov_base) + at_;
    const std::size_t here = piece_->iov_len - at_;
    if (here >= kRecordSize || piece_ + 1 == end_) {
      const std::size_t size = std::min(here, kRecordSize);
      skip(size);
      return {base, size};
    }
    std::size_t size = 0;
    while (!done() && size < kRecordSize) {
      const std::size_t part = std::min(piece_->iov_len - at_, kRecordSize - size);
      std::memcpy(room + size, static_cast<const char*>(piece_->iov_base) + at_, part);
      size += part;
      skip(part);
    }
    return {room, size};
  }

 private:
  void leave_finished_pieces() {
    while (piece_ != end_ && at_ == piece_->iov_len) {
      ++piece_;
      at_ = 0;
    }
  }

  const iovec* piece_;
  const iovec* end_;
  std::size_t at_ = 0;  // in the current piece
};

}  // namespace worker::tls
