// One direction of a relay: a body on its way from one stream to another, with its framing on both
// sides and with back-pressure.
//
// The caller reads from the source into the worker's buffer and hands the bytes over; the pump
// takes those that belong to the body, frames them anew and writes them to the sink at once. What
// the sink does not take is held, and while anything is held the caller does not read: so a pump
// never holds more than one read. Owns neither stream.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "worker/http/chunked.h"
#include "worker/http/framing.h"
#include "worker/net/stream.h"

namespace worker::transaction {

class Pump {
 public:
  // A body that comes with framing `in`; goes out in chunks, or as its bare bytes.
  // What is still held goes out before it.
  // More than `most` bytes of data in chunks are refused.
  void start(const http::Framing& in, bool chunk_out, std::uint64_t most = http::kNoLimit);
  // The sink is closed behind this body: its last bytes may wait for that (Stream::write).
  void set_last(bool is_last) { is_last_ = is_last; }
  // As new: no body, nothing held.
  void clear();

  // Takes the body's part of `size` bytes at `data`, sends it behind `head`, and returns how many
  // bytes it has taken: the rest belongs to the next message. May change the bytes. Without a sink
  // everything is held.
  std::size_t take(net::Stream* sink, std::string_view head, char* data, std::size_t size);

  // Sends `head` and then what is held.
  void flush(net::Stream& sink, std::string_view head = {});

  // The source has ended: the end of an until_close body, else a truncation (`broken`).
  void source_closed(net::Stream* sink);

  bool source_done() const { return done_; }  // the last byte of the body has been taken
  bool broken() const { return broken_; }     // refused or truncated; nothing more will be taken
  const http::Refusal& refusal() const { return decoder_.refusal(); }
  const std::string& excerpt() const { return decoder_.excerpt(); }
  bool sink_failed() const { return sink_error_ != 0; }
  int sink_error() const { return sink_error_; }  // errno
  bool holds() const { return !held_.empty(); }
  std::size_t held() const { return held_.size(); }  // bytes, framing and head among them
  bool finished() const { return done_ && !holds(); }
  // The receiver knows the end of this body by the end of the stream alone.
  bool ends_by_close() const;
  std::uint64_t body_bytes() const { return body_bytes_; }

  // How much to read at once: large while the sink keeps up; small while it does not, so that slow
  // sinks hold little; no more than the body where its length is known.
  std::size_t read_size() const;

 private:
  struct Pieces;
  void send(net::Stream* sink, Pieces& pieces);
  void add_end(Pieces& pieces);

  http::Framing in_;
  bool chunk_out_ = false;
  bool done_ = true;
  bool broken_ = false;
  bool is_last_ = false;
  int sink_error_ = 0;
  std::size_t read_size_ = 0;
  std::uint64_t body_bytes_ = 0;
  http::ChunkedDecoder decoder_;
  std::string held_;
};

}  // namespace worker::transaction
