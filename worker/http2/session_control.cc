// One HTTP/2 connection of a client, the frames without a body: see session.h.
#include "worker/http2/session.h"

namespace worker::http2 {

namespace {

constexpr std::size_t kSetting = 6;  // bytes
constexpr std::size_t kPingSize = 8;
constexpr std::size_t kPrioritySize = 5;
constexpr std::size_t kLeastGoaway = 8;
constexpr std::uint32_t kMostFrameSize = (1u << 24) - 1;

}  // namespace

void Session::take_control(const FrameHeader& header, std::string_view payload) {
  switch (header.type) {
    case FrameType::settings:
      return take_settings(header, payload);
    case FrameType::window_update:
      return take_window_update(header, payload);
    case FrameType::rst_stream:
      return take_rst_stream(header, payload);
    case FrameType::priority:
      return take_priority(header, payload);
    case FrameType::priority_update:
      return take_priority_update(header, payload);
    case FrameType::ping:
      return take_ping(header, payload);
    case FrameType::goaway:
      return take_goaway(header, payload);
    case FrameType::continuation:
    case FrameType::push_promise:
      return fail(ErrorCode::protocol_error, "h2_frame_order");
    default:
      return charge(Budget::kFrame);  // RFC 9113 4.1: types that are not known are ignored
  }
}

void Session::take_settings(const FrameHeader& header, std::string_view payload) {
  if (header.stream != 0) return fail(ErrorCode::protocol_error, "h2_stream_id");
  if (payload.size() % kSetting != 0 || (header.has(kAck) && !payload.empty())) {
    return fail(ErrorCode::frame_size_error, "h2_frame_size");
  }
  if (header.has(kAck)) {
    if (unacknowledged_ == 0) return charge(Budget::kFrame);
    --unacknowledged_;
    return;
  }
  charge(Budget::kFrame + static_cast<std::int64_t>(payload.size() / kSetting));
  for (; !payload.empty() && !has_failed(); payload.remove_prefix(kSetting)) {
    const auto setting = static_cast<std::uint16_t>(read_u32(payload.data()) >> 16);
    if (!apply(setting, read_u32(payload.data() + 2))) return;
  }
  if (has_failed()) return;
  append_settings_ack(out_);
  window_has_opened_ = true;  // perhaps
}

// Our encoder has no table, and our frames have the least size that a client may ask for. So few
// settings matter.
bool Session::apply(std::uint16_t setting, std::uint32_t value) {
  switch (static_cast<Setting>(setting)) {
    case Setting::initial_window_size:
      return change_initial_window(value);
    case Setting::enable_push:
    case Setting::enable_connect_protocol:
    case Setting::no_rfc7540_priorities:
      if (value <= 1) return true;
      break;
    case Setting::max_frame_size:
      if (value >= kMaxPayload && value <= kMostFrameSize) return true;
      break;
    default:
      return true;
  }
  fail(ErrorCode::protocol_error, "h2_setting");
  return false;
}

bool Session::change_initial_window(std::uint32_t value) {
  bool fits = value <= kMostWindow;
  const std::int64_t change = static_cast<std::int64_t>(value) - initial_window_;
  for (Stream* stream : streams_) fits = fits && stream->send_window.widen(change);
  if (!fits) fail(ErrorCode::flow_control_error, "h2_window");
  initial_window_ = value;
  return fits;
}

void Session::take_window_update(const FrameHeader& header, std::string_view payload) {
  if (payload.size() != 4) return fail(ErrorCode::frame_size_error, "h2_frame_size");
  const std::uint32_t increment = read_u31(payload.data());
  charge(Budget::kFrame);
  if (has_failed()) return;
  if (header.stream == 0) {
    if (increment == 0) return fail(ErrorCode::protocol_error, "h2_window");
    if (!send_window_.widen(increment)) return fail(ErrorCode::flow_control_error, "h2_window");
    window_has_opened_ = true;
    return;
  }
  if (is_idle(header.stream)) {
    return fail(ErrorCode::protocol_error, "h2_stream_id");
  }
  Stream* const stream = find(header.stream);
  if (stream == nullptr) return;
  if (increment == 0) return stream_error(header.stream, ErrorCode::protocol_error);
  if (!stream->send_window.widen(increment)) {
    return stream_error(header.stream, ErrorCode::flow_control_error);
  }
  window_has_opened_ = true;
}

void Session::take_rst_stream(const FrameHeader& header, std::string_view payload) {
  if (payload.size() != 4) return fail(ErrorCode::frame_size_error, "h2_frame_size");
  if (is_idle(header.stream)) {
    return fail(ErrorCode::protocol_error, "h2_stream_id");
  }
  Stream* const stream = find(header.stream);
  if (stream != nullptr) {
    unregister(*stream);
    user_.on_reset(*stream);
  }
  charge(Budget::kReset);
}

// The scheme of RFC 7540, which RFC 9113 5.3 has given up. The client is told so in our settings.
void Session::take_priority(const FrameHeader& header, std::string_view payload) {
  if (header.stream == 0) return fail(ErrorCode::protocol_error, "h2_stream_id");
  ErrorCode fault = ErrorCode::no_error;
  if (payload.size() != kPrioritySize) {
    fault = ErrorCode::frame_size_error;
  } else if (read_u31(payload.data()) == header.stream) {
    fault = ErrorCode::protocol_error;
  }
  if (fault == ErrorCode::no_error) return charge(Budget::kFrame);
  // A stream that has not begun cannot be reset.
  if (is_idle(header.stream)) return fail(fault, "h2_priority");
  stream_error(header.stream, fault);
}

void Session::take_ping(const FrameHeader& header, std::string_view payload) {
  if (header.stream != 0) return fail(ErrorCode::protocol_error, "h2_stream_id");
  if (payload.size() != kPingSize) return fail(ErrorCode::frame_size_error, "h2_frame_size");
  if (!header.has(kAck)) {
    append_ping(out_, payload, true);
  } else if (ending_ == Ending::announced) {
    return end_requests();
  }
  charge(Budget::kFrame);
}

void Session::take_goaway(const FrameHeader& header, std::string_view payload) {
  if (header.stream != 0) return fail(ErrorCode::protocol_error, "h2_stream_id");
  if (payload.size() < kLeastGoaway) return fail(ErrorCode::frame_size_error, "h2_frame_size");
  client_is_leaving_ = true;
  charge(Budget::kFrame);
}

}  // namespace worker::http2
