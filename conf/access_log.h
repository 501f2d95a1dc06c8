// What AccessLog says: how a request is recorded, or that it is not.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace conf {

// What a record can show. The order is that of a line of JSON.
enum class LogField : std::uint8_t {
  time,
  request_id,
  client,
  client_port,
  peer,
  listener,
  service,
  backend,
  method,
  host,
  target,
  protocol,
  request,
  status,
  reason,
  user,
  referer,
  user_agent,
  request_bytes,
  response_bytes,
  queue_ms,
  connect_ms,
  first_byte_ms,
  total_ms,
  tls,
  cipher,
  session,
  retries,
};

// The names of all fields, by their number: "{time}" in a format, "time" in JSON.
std::span<const std::string_view> log_field_names();

// A part of a format: a text, and the field behind it.
struct LogPart {
  std::string text;
  std::optional<LogField> field;  // nothing: the format ends here
  bool is_quoted = false;         // the format has a '"' on either side of the field
};

struct AccessLog {
  enum class Kind : std::uint8_t { combined, common, json, format, none };
  Kind kind = Kind::combined;
  std::vector<LogPart> parts = {};  // of a format
  bool operator==(Kind other) const { return kind == other; }
};

inline constexpr std::size_t kMostLogFields = 64;  // in a format

}  // namespace conf
