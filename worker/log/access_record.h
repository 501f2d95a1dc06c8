// The facts about one request that the access log can show, in no format.
//
// Plain data, owned by the transaction and used again for its next request, so that the strings
// keep their memory. Texts from the client are raw bytes; a format escapes them when it writes
// them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>

namespace worker::log {

// The status in the record of a client that left before there was a response.
inline constexpr int kStatusClientGone = 499;

// The most bytes of a record. rsyslog cuts messages at 8 KiB by default, with the header that the
// record gets on its way, and the reason is at the end.
inline constexpr std::size_t kMaxRecord = std::size_t{8} * 1024 - 192;

// Limits of what a format writes of a text, in bytes after escaping. Where a record would exceed
// kMaxRecord, the request line gets less.
inline constexpr std::size_t kMaxRequestLine = std::size_t{8} * 1024;
inline constexpr std::size_t kMaxField = std::size_t{2} * 1024;
inline constexpr std::size_t kMaxUser = 255;

struct AccessRecord {
  // Known when the request begins. Each text is cut to its limit and one byte: the extra byte tells
  // a format that the text is longer.
  std::string request_line;  // empty for none
  std::string referer;       // empty for none, or if the format does not show it
  std::string user_agent;    // likewise
  std::time_t begun_at = 0;  // wall clock, seconds
  std::uint64_t begun_us = 0;

  // Known when it ends. The views must be valid until then.
  std::uint64_t ended_us = 0;  // of the same clock as begun_us
  std::string_view client_ip;
  int status = 0;
  std::uint64_t body_bytes = 0;  // of the response; 0 also for none
  std::string_view service = "-";
  std::string_view backend = "-";
  std::string user;         // as the client says, right or not; empty where nobody asks for one
  std::string_view reason;  // why the request was not served; empty if it was
};

}  // namespace worker::log
