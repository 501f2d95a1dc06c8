// One HTTP/2 connection of a client, what goes to it: see session.h.
#include <algorithm>

#include "worker/http2/hpack.h"
#include "worker/http2/priority_field.h"
#include "worker/http2/session.h"

namespace worker::http2 {

namespace {

// How much a waiting stream may send before it is another one's turn: less when its client can use
// parts of it.
constexpr std::size_t kTurn = std::size_t{64} * 1024;
constexpr std::size_t kIncrementalTurn = kMaxPayload;

// The least and the most to read from a backend at a time. What the windows do not take is held
// without being reserved, in each of the streams of each connection.
constexpr std::size_t kLeastRoom = std::size_t{2} * 1024;
constexpr std::size_t kMostRoom = std::size_t{256} * 1024;

}  // namespace

void Session::send_head(Stream& stream, std::string_view block, bool is_last) {
  if (has_sent_block_) {
    append_headers(out_, stream.id, block, is_last);
  } else {
    has_sent_block_ = true;
    append_headers(out_, stream.id, std::string(kNoTable).append(block), is_last);
  }
  if (is_last) server_ends(stream);
}

void Session::send_body(Stream& stream, std::string_view data, bool is_last,
                        std::string_view trailer) {
  if (stream.is_waiting) {
    stream.body.append(data);
  } else {
    const std::size_t part = put_data(stream, data, is_last && trailer.empty(), data.size());
    data.remove_prefix(part);
    stream.body.assign(data);
    stream.sent = 0;
  }
  if (is_last) stream.ends_body = true;
  stream.trailer.assign(trailer);
  if (stream.held() != 0) return wait(stream);
  if (is_last && !stream.server_has_ended()) put_end(stream);
}

// Sends as much as the windows and the output take, at most `most` bytes; returns how much that
// was.
std::size_t Session::put_data(Stream& stream, std::string_view data, bool is_last,
                              std::size_t most) {
  std::size_t put = 0;
  while (put < data.size() && put < most && has_output_room()) {
    const std::size_t part = std::min({data.size() - put, most - put, kMaxPayload,
                                       stream.send_window.left(), send_window_.left()});
    if (part == 0) break;
    const bool ends = is_last && put + part == data.size();
    append_data(out_, stream.id, data.substr(put, part), ends);
    // Small ones earn if the backend makes them, but not if the client's window does.
    if (part >= kSmallData || part == data.size()) budget_.earn(Budget::kData);
    stream.send_window.spend(part);
    send_window_.spend(part);
    put += part;
    if (ends) server_ends(stream);
  }
  budget_.earn_bytes(put);
  if (put == 0) return 0;
  for (Stream* other : waiting_) {
    if (other != &stream && other->send_window.left() != 0) other->yielded += put;
  }
  return put;
}

// END_STREAM without data.
void Session::put_end(Stream& stream) {
  if (stream.trailer.empty()) {
    append_data(out_, stream.id, {}, true);
  } else {
    append_headers(out_, stream.id, stream.trailer, true);
    stream.trailer.clear();
  }
  server_ends(stream);
}

void Session::server_ends(Stream& stream) {
  stream.state =
      stream.state == Stream::State::client_done ? Stream::State::done : Stream::State::server_done;
  budget_.earn(Budget::kResponse);
}

bool Session::has_output_room() {
  if (out_.size() >= kMostOutput) user_.on_output_full();
  return out_.size() < kMostOutput;
}

std::size_t Session::room(const Stream& stream) const {
  if (out_.size() >= kMostOutput) return kLeastRoom;  // the socket is full
  return std::clamp(std::min(stream.send_window.left(), send_window_.left()), kLeastRoom,
                    kMostRoom);
}

// --- streams that wait

void Session::wait(Stream& stream) {
  if (stream.is_waiting) return;
  stream.is_waiting = true;
  waiting_.push_back(&stream);
}

void Session::stop_waiting(Stream& stream) {
  if (!stream.is_waiting) return;
  stream.is_waiting = false;
  std::erase(waiting_, &stream);
}

// The most urgent stream that can send, and of these the one whose turn it is.
Stream* Session::next_waiting() {
  if (send_window_.left() == 0) return nullptr;
  Stream* next = nullptr;
  for (Stream* stream : waiting_) {
    if (stream->send_window.left() == 0) continue;
    if (next == nullptr || stream->urgency < next->urgency) next = stream;
  }
  return next;
}

void Session::resume() {
  while (!waiting_.empty() && has_output_room()) {
    Stream* const stream = next_waiting();
    if (stream == nullptr) return;
    if (!put_waiting(*stream)) {
      std::erase(waiting_, stream);
      waiting_.push_back(stream);
      continue;
    }
    stop_waiting(*stream);
    user_.on_drained(*stream);
  }
}

// One turn of a stream; true when nothing of it waits any more.
bool Session::put_waiting(Stream& stream) {
  const bool ends = stream.ends_body && stream.trailer.empty();
  const std::string_view rest = std::string_view(stream.body).substr(stream.sent);
  stream.sent += put_data(stream, rest, ends, stream.is_incremental ? kIncrementalTurn : kTurn);
  if (stream.held() != 0) return false;
  stream.body.clear();
  stream.sent = 0;
  if (stream.ends_body && !stream.server_has_ended()) put_end(stream);
  return true;
}

void Session::take_priority_update(const FrameHeader& header, std::string_view payload) {
  if (header.stream != 0) return fail(ErrorCode::protocol_error, "h2_stream_id");
  if (payload.size() < 4) return fail(ErrorCode::frame_size_error, "h2_frame_size");
  const std::uint32_t id = read_u31(payload.data());
  if (id == 0) return fail(ErrorCode::protocol_error, "h2_stream_id");
  charge(Budget::kFrame);
  Stream* const stream = find(id);
  if (stream == nullptr) return;
  parse_priority_field(payload.substr(4), stream->urgency, stream->is_incremental);
}

}  // namespace worker::http2
