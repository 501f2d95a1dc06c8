// Frames of HTTP/2: their header, their types and their error codes (RFC 9113 sections 4, 6, 7).
//
// Pure. Reads and writes single frames; what they mean is the business of session.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace worker::http2 {

inline constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
inline constexpr std::size_t kFrameHeader = 9;  // bytes
// The most bytes of a payload, both ways: the smallest value that a peer may allow.
inline constexpr std::size_t kMaxPayload = 16'384;
inline constexpr std::uint32_t kMaxStreamId = 0x7fff'ffff;

// Any other value is a type that Pound does not know, and ignores.
enum class FrameType : std::uint8_t {
  data = 0,
  headers = 1,
  priority = 2,
  rst_stream = 3,
  settings = 4,
  push_promise = 5,
  ping = 6,
  goaway = 7,
  window_update = 8,
  continuation = 9,
  priority_update = 16,  // RFC 9218 7.1
};

inline constexpr std::uint8_t kAck = 0x1;        // SETTINGS, PING
inline constexpr std::uint8_t kEndStream = 0x1;  // DATA, HEADERS
inline constexpr std::uint8_t kEndHeaders = 0x4;
inline constexpr std::uint8_t kPadded = 0x8;
inline constexpr std::uint8_t kHasPriority = 0x20;

enum class ErrorCode : std::uint32_t {
  no_error = 0,
  protocol_error = 1,
  internal_error = 2,
  flow_control_error = 3,
  settings_timeout = 4,
  stream_closed = 5,
  frame_size_error = 6,
  refused_stream = 7,
  cancel = 8,
  compression_error = 9,
  connect_error = 10,
  enhance_your_calm = 11,
  inadequate_security = 12,
  http_1_1_required = 13,
};

enum class Setting : std::uint16_t {
  header_table_size = 1,
  enable_push = 2,
  max_concurrent_streams = 3,
  initial_window_size = 4,
  max_frame_size = 5,
  max_header_list_size = 6,
  enable_connect_protocol = 8,  // RFC 8441
  no_rfc7540_priorities = 9,    // RFC 9218
};

struct FrameHeader {
  std::uint32_t length = 0;  // of the payload
  FrameType type = FrameType::data;
  std::uint8_t flags = 0;
  std::uint32_t stream = 0;

  bool has(std::uint8_t flag) const { return (flags & flag) != 0; }
};

// Reads the kFrameHeader bytes at `bytes`. The reserved bit is ignored.
FrameHeader parse_frame_header(const char* bytes);
// Reads 4 bytes, and 31 bits of 4 bytes.
std::uint32_t read_u32(const char* bytes);
std::uint32_t read_u31(const char* bytes);

// Each appends one frame.
void append_frame_header(std::string& out, const FrameHeader& header);
void append_setting(std::string& payload, Setting setting, std::uint32_t value);
void append_settings(std::string& out, std::string_view payload);
void append_settings_ack(std::string& out);
void append_ping(std::string& out, std::string_view payload, bool is_ack);
void append_rst_stream(std::string& out, std::uint32_t stream, ErrorCode code);
void append_goaway(std::string& out, std::uint32_t last_stream, ErrorCode code);
void append_window_update(std::string& out, std::uint32_t stream, std::uint32_t increment);
void append_data(std::string& out, std::uint32_t stream, std::string_view data, bool is_last);
// HEADERS and, for a long block, CONTINUATIONs.
void append_headers(std::string& out, std::uint32_t stream, std::string_view block, bool is_last);

}  // namespace worker::http2
