// The bytes that a stream has not accepted yet.
//
// send() writes to the stream at once; the outbox keeps what the stream refuses, in order. The
// caller stops reading from its source while the outbox holds bytes, so the outbox never holds more
// than the bytes of one read. Owns the bytes, not the stream. A failed write is remembered:
// failed() and error().
#pragma once

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "worker/net/read_buffer.h"
#include "worker/net/stream.h"

namespace worker::net {

// Spans of bytes for one write. Borrows the bytes.
class Pieces {
 public:
  void add(std::string_view bytes);  // at most kMost times; ignores empty spans

  const iovec* list() const { return list_.data(); }
  int count() const { return count_; }
  std::size_t size() const { return size_; }

  static constexpr std::size_t kMost = 8;

 private:
  std::array<iovec, kMost> list_;
  int count_ = 0;
  std::size_t size_ = 0;
};

class Outbox {
 public:
  // Discards all bytes and forgets a failure.
  void clear();

  // Writes the pieces to `sink` after the held bytes. While bytes are held, or without a sink, it
  // only holds the pieces. `is_last`: as for Stream::write.
  void send(Stream* sink, const Pieces& pieces, bool is_last = false);
  // Writes `first` and then the held bytes.
  void flush(Stream& sink, std::string_view first = {}, bool is_last = false);

  bool holds() const { return !held_.empty(); }
  std::size_t held() const { return held_.size(); }  // bytes
  // A write to the stream has failed; the held bytes will never be sent.
  bool failed() const { return error_ != 0; }
  int error() const { return error_; }  // the errno of that write; 0 for none

  // How many bytes to read next from the source: 256 KiB while the stream keeps up, 16 KiB after it
  // has refused bytes, doubled with each complete write. So slow streams hold little memory.
  std::size_t read_size() const { return read_size_; }

 private:
  int error_ = 0;
  std::size_t read_size_ = kReadBufferSize;
  std::string held_;
};

}  // namespace worker::net
