// What a stream has not taken yet of the bytes that were written to it.
//
// Everything that is sent goes to the stream at once; the outbox holds what the stream refuses, in
// order. Its caller stops reading from the source while the outbox holds anything, so it never
// holds more than one read. Does not own the stream.
#pragma once

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "worker/net/read_buffer.h"
#include "worker/net/stream.h"

namespace worker::net {

// Spans of bytes that one call writes together. Borrows the bytes.
class Pieces {
 public:
  void add(std::string_view bytes);  // at most kMost times; empty ones are left out

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
  // Holds nothing and has not failed.
  void clear();

  // Writes the pieces to `sink` behind what is held; without a sink all of them are held.
  // `is_last`: the caller closes the stream once all of it is taken (Stream::write).
  void send(Stream* sink, const Pieces& pieces, bool is_last = false);
  // Writes `first` and then what is held.
  void flush(Stream& sink, std::string_view first = {}, bool is_last = false);

  bool holds() const { return !held_.empty(); }
  std::size_t held() const { return held_.size(); }  // bytes
  // The stream has failed; what was held is of no more use.
  bool failed() const { return error_ != 0; }
  int error() const { return error_; }  // errno

  // How many bytes to read next from the source: many while the stream keeps up, few while it does
  // not, so that slow streams hold little.
  std::size_t read_size() const { return read_size_; }

 private:
  int error_ = 0;
  std::size_t read_size_ = kReadBufferSize;
  std::string held_;
};

}  // namespace worker::net
