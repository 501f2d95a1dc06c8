// The bytes that a stream has not accepted yet: see outbox.h.
#include "worker/net/outbox.h"

#include <algorithm>

namespace worker::net {

namespace {

constexpr std::size_t kSlowReadSize = 16 * 1024;

}  // namespace

void Pieces::add(std::string_view bytes) {
  if (bytes.empty()) return;
  // writev does not change the bytes, but iovec has no const form.
  list_[static_cast<std::size_t>(count_++)] = {const_cast<char*>(bytes.data()), bytes.size()};
  size_ += bytes.size();
}

void Outbox::clear() {
  forget();
  rewind();
}

void Outbox::keep(std::string_view first) {
  held_.insert(0, first);
  is_kept_ = true;
}

void Outbox::rewind() {
  if (!is_kept_) held_.clear();
  sent_ = 0;
  error_ = 0;
  read_size_ = kReadBufferSize;
}

void Outbox::forget() {
  if (!is_kept_) return;
  std::string().swap(held_);  // clear() would keep the memory
  sent_ = 0;
  is_kept_ = false;
}

void Outbox::send(Stream* sink, const Pieces& pieces, bool is_last) {
  if (pieces.size() == 0 || error_ != 0) return;
  std::size_t sent = 0;
  if (sink != nullptr && held_.empty()) {
    const tls::IoResult result = sink->write(pieces.list(), pieces.count(), is_last);
    if (result.status == tls::IoStatus::failed) {
      error_ = result.error;
      return;
    }
    sent = result.size;
    read_size_ = sent == pieces.size() ? std::min(read_size_ * 2, kReadBufferSize) : kSlowReadSize;
  }
  for (int i = 0; i < pieces.count(); ++i) {
    const iovec& piece = pieces.list()[i];
    const std::size_t skip = std::min(sent, piece.iov_len);
    held_.append(static_cast<const char*>(piece.iov_base) + skip, piece.iov_len - skip);
    sent -= skip;
  }
}

void Outbox::flush(Stream& sink, std::string_view first, bool is_last) {
  if (is_kept_) return flush_kept(sink, is_last);
  std::string held;
  held.swap(held_);
  Pieces pieces;
  pieces.add(first);
  pieces.add(held);
  send(&sink, pieces, is_last);
}

void Outbox::flush_kept(Stream& sink, bool is_last) {
  if (!holds() || error_ != 0) return;
  Pieces pieces;
  pieces.add(std::string_view(held_).substr(sent_));
  const tls::IoResult result = sink.write(pieces.list(), pieces.count(), is_last);
  if (result.status == tls::IoStatus::failed) error_ = result.error;
  // After a failure no byte waits for this stream.
  sent_ = result.status == tls::IoStatus::failed ? held_.size() : sent_ + result.size;
}

}  // namespace worker::net
