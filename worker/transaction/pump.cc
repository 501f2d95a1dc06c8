// One direction of a relay: see relay.h.
#include "worker/transaction/pump.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include "worker/worker_context.h"

namespace worker::transaction {

namespace {

constexpr std::size_t kSlowReadSize = 16 * 1024;

}  // namespace

struct Pump::Pieces {
  std::array<iovec, 8> list;
  int count = 0;
  std::size_t size = 0;
  char chunk_header[http::kMaxChunkHeader];

  void add(std::string_view bytes) {
    if (bytes.empty()) return;
    // writev does not write to the pieces; its type only says so.
    list[static_cast<std::size_t>(count++)] = {const_cast<char*>(bytes.data()), bytes.size()};
    size += bytes.size();
  }
};

void Pump::start(const http::Framing& in, bool chunk_out, std::uint64_t most) {
  in_ = in;
  chunk_out_ = chunk_out;
  done_ = in.kind == http::Framing::Kind::none ||
          (in.kind == http::Framing::Kind::length && in.length == 0);
  broken_ = is_last_ = false;
  sink_error_ = 0;
  read_size_ = kReadBufferSize;
  body_bytes_ = 0;
  if (in.kind == http::Framing::Kind::chunked) decoder_ = http::ChunkedDecoder(most);
}

void Pump::clear() {
  start({}, false);
  held_.clear();
}

bool Pump::ends_by_close() const {
  using Kind = http::Framing::Kind;
  return !chunk_out_ && (in_.kind == Kind::chunked || in_.kind == Kind::until_close);
}

std::size_t Pump::read_size() const {
  if (in_.kind != http::Framing::Kind::length) return read_size_;
  return static_cast<std::size_t>(std::min<std::uint64_t>(read_size_, in_.length));
}

std::size_t Pump::take(net::Stream* sink, std::string_view head, char* data, std::size_t size) {
  std::size_t taken = 0;
  std::size_t produced = 0;
  const bool was_done = done_;
  if (!done_ && !broken_) {
    switch (in_.kind) {
      case http::Framing::Kind::none:
        break;
      case http::Framing::Kind::length:
        taken = produced = static_cast<std::size_t>(std::min<std::uint64_t>(size, in_.length));
        in_.length -= taken;
        done_ = in_.length == 0;
        break;
      case http::Framing::Kind::chunked: {
        const http::ChunkedDecoder::Result result = decoder_.decode(data, size);
        taken = result.consumed;
        produced = result.produced;
        done_ = result.state == http::ChunkedDecoder::State::done;
        broken_ = result.state == http::ChunkedDecoder::State::refused;
        break;
      }
      case http::Framing::Kind::until_close:
        taken = produced = size;
        break;
    }
  }
  body_bytes_ += produced;

  Pieces pieces;
  pieces.add(head);
  if (produced != 0) {
    if (chunk_out_) {
      pieces.add({pieces.chunk_header, http::write_chunk_header(produced, pieces.chunk_header)});
    }
    pieces.add({data, produced});
    if (chunk_out_) pieces.add(http::kChunkEnd);
  }
  if (done_ && !was_done) add_end(pieces);
  send(sink, pieces);
  return taken;
}

void Pump::add_end(Pieces& pieces) {
  if (!chunk_out_) return;
  pieces.add(http::kLastChunk);
  if (in_.kind == http::Framing::Kind::chunked) pieces.add(decoder_.trailer());
  pieces.add(http::kChunkEnd);
}

void Pump::flush(net::Stream& sink, std::string_view head) {
  std::string held;
  held.swap(held_);
  Pieces pieces;
  pieces.add(head);
  pieces.add(held);
  send(&sink, pieces);
}

void Pump::source_closed(net::Stream* sink) {
  if (done_) return;
  if (in_.kind != http::Framing::Kind::until_close) {
    broken_ = true;
    return;
  }
  done_ = true;
  Pieces pieces;
  add_end(pieces);
  send(sink, pieces);
}

void Pump::send(net::Stream* sink, Pieces& pieces) {
  if (pieces.size == 0 || sink_error_ != 0) return;
  std::size_t sent = 0;
  if (sink != nullptr && held_.empty()) {
    const tls::IoResult result = sink->write(pieces.list.data(), pieces.count, is_last_ && done_);
    if (result.status == tls::IoStatus::failed) {
      sink_error_ = result.error;
      return;
    }
    sent = result.size;
    read_size_ = sent == pieces.size ? std::min(read_size_ * 2, kReadBufferSize) : kSlowReadSize;
  }
  for (int i = 0; i < pieces.count; ++i) {
    const iovec& piece = pieces.list[static_cast<std::size_t>(i)];
    const std::size_t skip = std::min(sent, piece.iov_len);
    held_.append(static_cast<const char*>(piece.iov_base) + skip, piece.iov_len - skip);
    sent -= skip;
  }
}

}  // namespace worker::transaction
