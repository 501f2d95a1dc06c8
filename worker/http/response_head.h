// Parses the head of a backend's response: status line and fields, RFC 9112 sections 4 and 5.
//
// Pure. The rules about ownership, `scanned` and splitting are those of request_head.h. After a
// refusal the client gets 502.
#pragma once

#include <cstddef>
#include <string_view>

#include "worker/http/header_list.h"
#include "worker/http/request_head.h"
#include "worker/http/verdict.h"

namespace worker::http {

inline constexpr std::size_t kMaxResponseHead = std::size_t{64} * 1024;

struct ResponseHead {
  int minor_version = 1;
  int status = 0;           // 100..599
  std::string_view reason;  // may be empty
  HeaderList fields;
  std::string_view bytes;  // the head; of a refused head, the bytes that led to the verdict
  std::size_t size = 0;
};

ParseStatus parse_response_head(std::string_view bytes, std::size_t& scanned, ResponseHead& head,
                                Refusal& refusal);

// Whether Content-Type says text/event-stream: a response that may be silent for long and never
// ends by itself.
bool is_event_stream(const HeaderList& fields);

}  // namespace worker::http
