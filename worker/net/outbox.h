// The bytes that a stream has not accepted yet.
//
// send() writes to the stream at once; the outbox keeps what the stream refuses, in order. The
// caller stops reading from its source while the outbox holds bytes, so the outbox never holds more
// than the bytes of one read. Owns the bytes, not the stream. A failed write is remembered:
// failed() and error(). On demand it keeps bytes that were sent, to send them to another stream.
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

  // From now on, keeps the held bytes, with `first` before them, until forget() or clear(). Nothing
  // may follow them: the only calls that send are flush() without bytes of its own.
  void keep(std::string_view first);
  bool keeps() const { return is_kept_; }
  // Forgets the stream and its failure: all kept bytes are to be sent, others are discarded.
  void rewind();
  // Frees kept bytes that were sent; all of them have been, or never will be.
  void forget();

  bool holds() const { return held() != 0; }
  std::size_t held() const { return held_.size() - sent_; }  // bytes that wait
  // A write to the stream has failed; the held bytes will never be sent.
  bool failed() const { return error_ != 0; }
  int error() const { return error_; }  // the errno of that write; 0 for none

  // How many bytes to read next from the source: 256 KiB while the stream keeps up, 16 KiB after it
  // has refused bytes, doubled with each complete write. So slow streams hold little memory.
  std::size_t read_size() const { return read_size_; }

 private:
  void flush_kept(Stream& sink, bool is_last);

  int error_ = 0;
  std::size_t read_size_ = kReadBufferSize;
  std::string held_;
  std::size_t sent_ = 0;  // how many of the kept bytes were sent
  bool is_kept_ = false;
};

}  // namespace worker::net
