// One HTTP/2 connection of a client, the bodies of its requests: see session.h.
#include <algorithm>

#include "worker/http2/session.h"

namespace worker::http2 {

std::size_t Session::begin_data(const FrameHeader& header, std::string_view bytes) {
  const std::size_t pad_field = header.has(kPadded) ? 1 : 0;
  if (bytes.size() < kFrameHeader + pad_field && header.length != 0) return 0;
  if (header.length < pad_field) {
    fail(ErrorCode::frame_size_error, "h2_frame_size");
    return 0;
  }
  std::size_t padding = 0;
  if (pad_field != 0) padding = static_cast<unsigned char>(bytes[kFrameHeader]);
  if (padding > header.length - pad_field) {
    fail(ErrorCode::protocol_error, "h2_padding");
    return 0;
  }
  if (!receive_window_.receive(header.length)) {
    fail(ErrorCode::flow_control_error, "h2_window");
    return 0;
  }
  data_ = {.stream = header.stream,
           .left = header.length - pad_field - padding,
           .padding = padding,
           .is_last = header.has(kEndStream)};
  data_.is_wanted = find_data_stream(header);
  if (has_failed()) return 0;
  // Padding opens the windows again at once, and so do the bytes of a stream that is gone.
  const std::size_t unused = data_.is_wanted ? pad_field + padding : header.length;
  give_back(unused, false);
  if (data_.is_wanted && !data_.is_last) give_back(*find(data_.stream), unused, false);
  const bool is_message = data_.left != 0 && data_.is_wanted && find(header.stream)->is_tunnel;
  const bool is_small = data_.left < kSmallData && !data_.is_last && !is_message;
  if (is_small || !data_.is_wanted) charge(Budget::kFrame);
  if (data_.left + data_.padding == 0) end_data();
  return kFrameHeader + pad_field;
}

// Whether there is a stream that takes the frame.
bool Session::find_data_stream(const FrameHeader& header) {
  if (is_idle(header.stream)) {
    fail(ErrorCode::protocol_error, "h2_stream_id");
    return false;
  }
  Stream* const stream = find(header.stream);
  if (stream == nullptr) {
    if (!is_ignored(header.stream)) fail(ErrorCode::stream_closed, "h2_stream_closed");
    return false;
  }
  if (stream->client_has_ended()) {
    stream_error(header.stream, ErrorCode::stream_closed);
    return false;
  }
  if (!stream->receive_window.receive(header.length)) {
    stream_error(header.stream, ErrorCode::flow_control_error);
    return false;
  }
  return true;
}

std::size_t Session::take_data(std::string_view bytes) {
  if (data_.left != 0) {
    const std::string_view part = bytes.substr(0, data_.left);
    if (part.empty()) return 0;
    data_.left -= part.size();
    Stream* const stream = data_.is_wanted ? find(data_.stream) : nullptr;
    if (stream != nullptr) {
      receive(*stream, part);
      const bool is_end = data_.left + data_.padding == 0;
      if (is_end && data_.is_last) {
        end_data();
      } else {
        user_.on_body(*stream);
      }
    } else if (data_.is_wanted) {
      give_back(part.size(), false);  // the stream was closed in the middle of a frame
    }
    return part.size();
  }
  const std::size_t part = std::min(bytes.size(), data_.padding);
  data_.padding -= part;
  if (data_.padding == 0 && part != 0) end_data();
  return part;
}

// A stream that waits for a backend must not keep the window from others.
void Session::receive(Stream& stream, std::string_view part) {
  stream.received.append(part);
  budget_.earn_bytes(part.size());
  if (!user_.grant(part.size())) return;
  stream.granted += part.size();
  give_back(part.size(), stream.unread() == part.size());
}

void Session::end_data() {
  if (!data_.is_last || !data_.is_wanted) return;
  Stream* const stream = find(data_.stream);
  if (stream == nullptr) return;
  client_ends(*stream);
  user_.on_body(*stream);
}

void Session::client_ends(Stream& stream) {
  stream.state =
      stream.state == Stream::State::server_done ? Stream::State::done : Stream::State::client_done;
}

std::size_t Session::read(Stream& stream, char* buffer, std::size_t size) {
  const std::size_t part = stream.received.copy(buffer, size, stream.taken);
  stream.taken += part;
  const bool is_empty = stream.unread() == 0;
  if (is_empty) {
    stream.received.clear();
    stream.taken = 0;
  }
  if (part == 0) return 0;
  const std::size_t granted = std::min(part, stream.granted);
  stream.granted -= granted;
  user_.give_back_grant(granted);
  // The windows grow while all that comes is passed on at once.
  give_back(part - granted, is_empty);
  if (!stream.client_has_ended()) give_back(stream, part, is_empty);
  return part;
}

// What a stream may send beyond its first window has memory of the worker's.
void Session::give_back(Stream& stream, std::size_t bytes, bool may_grow) {
  std::size_t growth = may_grow ? stream.receive_window.growth(bytes) : 0;
  if (growth != 0 && !user_.grant(growth)) growth = 0;
  stream.reserved += growth;
  const std::uint32_t increment = stream.receive_window.give_back(bytes, growth);
  if (increment != 0) append_window_update(out_, stream.id, increment);
}

// Gives the connection's window back.
void Session::give_back(std::size_t bytes, bool may_grow) {
  const std::size_t growth = may_grow ? receive_window_.growth(bytes) : 0;
  const std::uint32_t increment = receive_window_.give_back(bytes, growth);
  if (increment != 0 && !has_failed()) append_window_update(out_, 0, increment);
}

}  // namespace worker::http2
