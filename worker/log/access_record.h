// The facts about one request that the access log can show, in no format.
//
// Plain data, owned by the transaction and used again for its next request, so that the strings
// keep their memory. Texts from the client are raw bytes; a format escapes them when it writes
// them.
#pragma once

#include <array>
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
  enum class Session : std::uint8_t { none, fresh, known };
  // What a request waits for, one after the other; a retry begins again.
  enum class Phase : std::uint8_t { queue, connect, first_byte, none };
  static constexpr std::size_t kPhases = 3;
  struct PhaseTime {
    bool was_reached = false;
    std::uint64_t us = 0;
  };

  // Known when the request begins. Each text is cut to its limit and one byte: the extra byte tells
  // a format that the text is longer. Which of them are there depends on what the format shows.
  std::string request_line;  // empty for none
  std::string referer;       // empty for none
  std::string user_agent;    // likewise
  std::string host;          // likewise
  std::string protocol;      // the request line's, such as "HTTP/1.1"; empty for none
  // Of the request line, if it is METHOD, TARGET and PROTOCOL; else 0. The target is behind the
  // method and a space.
  std::size_t method_size = 0;
  std::size_t target_size = 0;
  std::time_t begun_at = 0;    // wall clock, seconds
  std::uint32_t begun_ms = 0;  // and milliseconds
  std::uint64_t begun_us = 0;

  // Known when it ends. The views must be valid until then.
  std::uint64_t ended_us = 0;  // of the same clock as begun_us
  std::array<PhaseTime, kPhases> phases = {};
  std::string_view client_ip;
  std::uint16_t client_port = 0;  // 0: unknown
  std::string_view peer_ip;       // the other end of the connection: the client or a proxy
  int status = 0;
  std::uint64_t request_bytes = 0;  // of the body that the client has sent
  std::uint64_t body_bytes = 0;     // of the response; 0 also for none
  std::string_view listener = "-";
  std::string_view service = "-";  // the listener's name until the service is known
  std::string_view backend = "-";
  std::string user;         // as the client says, right or not; empty where nobody asks for one
  std::string request_id;   // empty for none
  std::string_view reason;  // why the request was not served; empty if it was
  std::string_view tls;     // "TLSv1.3"; empty for plain HTTP
  std::string_view cipher;
  Session session = Session::none;
  unsigned retries = 0;  // how many backends had the request, or refused it, before the last one

  // The phase that the request is in; the time since the last call counts for the one before.
  void enter(Phase next, std::uint64_t now_us) {
    if (phase != Phase::none) phases[static_cast<std::size_t>(phase)].us += now_us - phase_us;
    if (next != Phase::none) phases[static_cast<std::size_t>(next)].was_reached = true;
    phase = next;
    phase_us = now_us;
  }
  Phase phase = Phase::none;
  std::uint64_t phase_us = 0;  // when it began
};

}  // namespace worker::log
