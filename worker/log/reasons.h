// The reasons of access records that are not rules a message broke (those are in http/verdict.h),
// and how they are counted.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

#include "shm/listener_counters.h"

namespace worker::log {

// In alphabetical order.
inline constexpr std::array<std::string_view, 52> kOwnReasons{"auth_failed",
                                                              "auth_missing",
                                                              "auth_rate",
                                                              "auth_unavailable",
                                                              "backend_busy",
                                                              "backend_closed",
                                                              "backend_reset",
                                                              "backend_timeout",
                                                              "backend_truncated",
                                                              "client_closed",
                                                              "client_denied",
                                                              "client_timeout",
                                                              "client_too_slow",
                                                              "compression_failed",
                                                              "connection_limit",
                                                              "edit_value",
                                                              "grace_over",
                                                              "h2_block_too_long",
                                                              "h2_compression",
                                                              "h2_flood",
                                                              "h2_frame_order",
                                                              "h2_frame_size",
                                                              "h2_padding",
                                                              "h2_preface",
                                                              "h2_priority",
                                                              "h2_setting",
                                                              "h2_stream_closed",
                                                              "h2_stream_id",
                                                              "h2_window",
                                                              "head_timeout",
                                                              "misdirected",
                                                              "no_backend",
                                                              "no_local_resources",
                                                              "no_service",
                                                              "plain_http",
                                                              "proxy_header",
                                                              "proxy_header_timeout",
                                                              "queue_full",
                                                              "queue_timeout",
                                                              "rate_limited",
                                                              "redirect_invalid",
                                                              "rewrite_invalid",
                                                              "serve_memory",
                                                              "serve_method",
                                                              "service_disabled",
                                                              "stopped",
                                                              "stream_timeout",
                                                              "streams_full",
                                                              "tls_closed",
                                                              "tls_handshake",
                                                              "tls_timeout",
                                                              "tls_verify"};
static_assert(kOwnReasons.size() <= shm::kMaxOwnReasons);

// The index of `code`; nothing for a rule.
std::optional<std::size_t> find_own_reason(std::string_view code);

// Counts the reason of an access record of a listener. Rules are counted where they are broken.
void count_own_reason(shm::ListenerCells& cells, std::string_view code);

}  // namespace worker::log
