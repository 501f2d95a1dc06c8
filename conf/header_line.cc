// A `Name: value` line that an operator wants Pound to add: see header_line.h.
//
// Refuses the names that say where a message ends or how long a connection lives. Only Pound itself
// may write these.
#include "conf/header_line.h"

#include <algorithm>
#include <array>

#include "conf/diagnostic.h"
#include "conf/scalar.h"

namespace conf {

namespace {

constexpr std::array<std::string_view, 9> kOurs{
    "connection", "content-length", "keep-alive",        "proxy-connection", "te",
    "trailer",    "trailers",       "transfer-encoding", "upgrade"};

}  // namespace

std::optional<std::string> parse_header_line(std::string_view text, std::string& error) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) {
    error = "there is no `:` in it";
    return std::nullopt;
  }
  const std::string_view name = text.substr(0, colon);
  if (!is_token(name)) {
    error = "\"" + shown(name) + "\" is not a valid header name";
    return std::nullopt;
  }
  if (std::find(kOurs.begin(), kOurs.end(), to_lower(name)) != kOurs.end()) {
    error = "`" + shown(name) + "` is set by Pound itself";
    return std::nullopt;
  }
  const std::string_view value = trim(text.substr(colon + 1));
  if (has_control_byte(value)) {
    error = "there is a control byte in it";
    return std::nullopt;
  }
  return std::string(name) + ": " + std::string(value);
}

}  // namespace conf
