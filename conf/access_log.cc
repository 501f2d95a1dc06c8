// See access_log.h.
#include "conf/access_log.h"

#include <array>

namespace conf {
namespace {

constexpr auto kNames = std::to_array<std::string_view>({
    "time",          "request_id",     "client",   "client_port", "peer",          "listener",
    "service",       "backend",        "method",   "host",        "target",        "protocol",
    "request",       "status",         "reason",   "user",        "referer",       "user_agent",
    "request_bytes", "response_bytes", "queue_ms", "connect_ms",  "first_byte_ms", "total_ms",
    "tls",           "cipher",         "session",  "retries",
});
static_assert(kNames.size() == static_cast<std::size_t>(LogField::retries) + 1);

}  // namespace

std::span<const std::string_view> log_field_names() { return kNames; }

}  // namespace conf
