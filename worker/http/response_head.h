// Parses the head of a backend's response: status line and fields, RFC 9112 sections 4 and 5.
//
// Pure. The rules about ownership, `scanned` and splitting are those of request_head.h. After a
// refusal the client gets 502.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "worker/http/header_list.h"
#include "worker/http/relax.h"
#include "worker/http/request_head.h"
#include "worker/http/verdict.h"

namespace worker::http {

inline constexpr std::size_t kMaxResponseHead = std::size_t{64} * 1024;

// What a backend's responses may be.
struct ResponseRules {
  RuleSet relaxed;                  // of kRelaxableInResponses
  std::size_t fields = kMaxFields;  // in a head; at most kFieldCapacity
};

struct ResponseHead {
  int minor_version = 1;
  int status = 0;           // 100..599; up to 999 where response_status is relaxed
  std::string_view reason;  // may be empty
  HeaderList fields;
  // The head; of a refused head, the bytes that led to the verdict.
  std::string_view bytes;
  std::size_t size = 0;   // of the head as received
  std::string rewritten;  // a head whose lines ended in bare LFs, with CRLFs: then `bytes` is this
};

// A head whose lines all end in bare LFs passes where response_bare_lf is relaxed. One that mixes
// both line ends is refused: its bare LF may come from a value that a client has chosen.
ParseStatus parse_response_head(std::string_view bytes, std::size_t& scanned, ResponseHead& head,
                                Refusal& refusal, const ResponseRules& rules = {});

// Whether Content-Type says text/event-stream: a response that may be silent for long and never
// ends by itself.
bool is_event_stream(const HeaderList& fields);

}  // namespace worker::http
