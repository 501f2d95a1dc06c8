// Frames of HTTP/2: see frame.h.
#include "worker/http2/frame.h"

namespace worker::http2 {

namespace {

std::uint32_t byte_at(const char* bytes, int index) {
  return static_cast<unsigned char>(bytes[index]);
}

void append_number(std::string& out, std::uint32_t value, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(value >> shift & 0xff));
  }
}

void append_one_number(std::string& out, FrameType type, std::uint32_t stream,
                       std::uint32_t value) {
  append_frame_header(out, {.length = 4, .type = type, .stream = stream});
  append_number(out, value, 4);
}

}  // namespace

FrameHeader parse_frame_header(const char* bytes) {
  return {.length = byte_at(bytes, 0) << 16 | byte_at(bytes, 1) << 8 | byte_at(bytes, 2),
          .type = static_cast<FrameType>(byte_at(bytes, 3)),
          .flags = static_cast<std::uint8_t>(byte_at(bytes, 4)),
          .stream = read_u31(bytes + 5)};
}

std::uint32_t read_u32(const char* bytes) {
  return byte_at(bytes, 0) << 24 | byte_at(bytes, 1) << 16 | byte_at(bytes, 2) << 8 |
         byte_at(bytes, 3);
}

std::uint32_t read_u31(const char* bytes) { return read_u32(bytes) & kMaxStreamId; }

void append_frame_header(std::string& out, const FrameHeader& header) {
  append_number(out, header.length, 3);
  out.push_back(static_cast<char>(header.type));
  out.push_back(static_cast<char>(header.flags));
  append_number(out, header.stream, 4);
}

void append_setting(std::string& payload, Setting setting, std::uint32_t value) {
  append_number(payload, static_cast<std::uint32_t>(setting), 2);
  append_number(payload, value, 4);
}

void append_settings(std::string& out, std::string_view payload) {
  append_frame_header(
      out, {.length = static_cast<std::uint32_t>(payload.size()), .type = FrameType::settings});
  out.append(payload);
}

void append_settings_ack(std::string& out) {
  append_frame_header(out, {.type = FrameType::settings, .flags = kAck});
}

void append_ping(std::string& out, std::string_view payload, bool is_ack) {
  append_frame_header(out, {.length = static_cast<std::uint32_t>(payload.size()),
                            .type = FrameType::ping,
                            .flags = is_ack ? kAck : std::uint8_t{0}});
  out.append(payload);
}

void append_rst_stream(std::string& out, std::uint32_t stream, ErrorCode code) {
  append_one_number(out, FrameType::rst_stream, stream, static_cast<std::uint32_t>(code));
}

void append_goaway(std::string& out, std::uint32_t last_stream, ErrorCode code) {
  append_frame_header(out, {.length = 8, .type = FrameType::goaway});
  append_number(out, last_stream, 4);
  append_number(out, static_cast<std::uint32_t>(code), 4);
}

void append_window_update(std::string& out, std::uint32_t stream, std::uint32_t increment) {
  append_one_number(out, FrameType::window_update, stream, increment);
}

void append_data(std::string& out, std::uint32_t stream, std::string_view data, bool is_last) {
  append_frame_header(out, {.length = static_cast<std::uint32_t>(data.size()),
                            .type = FrameType::data,
                            .flags = is_last ? kEndStream : std::uint8_t{0},
                            .stream = stream});
  out.append(data);
}

void append_headers(std::string& out, std::uint32_t stream, std::string_view block, bool is_last) {
  FrameHeader header{.type = FrameType::headers, .stream = stream};
  if (is_last) header.flags = kEndStream;
  for (;;) {
    const std::string_view part = block.substr(0, kMaxPayload);
    block.remove_prefix(part.size());
    header.length = static_cast<std::uint32_t>(part.size());
    if (block.empty()) header.flags |= kEndHeaders;
    append_frame_header(out, header);
    out.append(part);
    if (block.empty()) return;
    header.type = FrameType::continuation;
    header.flags = 0;
  }
}

}  // namespace worker::http2
