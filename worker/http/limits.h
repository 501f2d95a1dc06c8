// How large a request may be: limits that the operator sets.
//
// Plain data. A request that exceeds a limit by one byte or field is refused. The defaults are
// those of a listener without limits in its configuration.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

#include "worker/http/header_list.h"

namespace worker::http {

inline constexpr std::size_t kMaxRequestLine = std::size_t{8} * 1024;
inline constexpr std::size_t kMaxHead = std::size_t{32} * 1024;
inline constexpr std::size_t kMaxHost = 255;  // bytes with the port; a DNS name has no more
inline constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

struct Limits {
  std::size_t request_line = kMaxRequestLine;  // bytes without CRLF; more: 414
  std::size_t head = kMaxHead;                 // bytes without empty lines before it; more: 431
  std::size_t fields = kMaxFields;             // at most kFieldCapacity; more: 431
  std::uint64_t body = kNoLimit;               // bytes without framing; more: 413
};

}  // namespace worker::http
