// How much a request may bring: what the operator decides, as the parser is given it.
//
// Plain data. Whoever exceeds a limit by one byte or field is refused; the defaults are those of a
// listener that says nothing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

#include "worker/http/header_list.h"

namespace worker::http {

inline constexpr std::size_t kMaxRequestLine = std::size_t{8} * 1024;
inline constexpr std::size_t kMaxHead = std::size_t{32} * 1024;
inline constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

struct Limits {
  std::size_t request_line = kMaxRequestLine;  // bytes without CRLF; more: 414
  std::size_t head = kMaxHead;      // bytes, empty lines before it not counted; more: 431
  std::size_t fields = kMaxFields;  // at most kFieldCapacity; more: 431
  std::uint64_t body = kNoLimit;    // bytes without framing; more: 413
};

}  // namespace worker::http
