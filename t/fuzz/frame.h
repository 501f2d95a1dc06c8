// Shared by the fuzz targets: require() checks a property, parse() feeds a head in pieces.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "worker/http/request_head.h"
#include "worker/http/response_head.h"
#include "worker/http/http1_writer.h"
#include "worker/http/uri.h"

namespace fuzz {

inline void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "property violated: %s\n", what);
  std::abort();
}

inline std::string_view text(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

inline const worker::http::Forwarded kForwarded{"192.0.2.7", "https", "192.0.2.1:443", "443"};

inline worker::http::ParseStatus parse_head(std::string_view bytes, std::size_t& scanned,
                                            worker::http::RequestHead& head,
                                            worker::http::Refusal& refusal) {
  return worker::http::parse_request_head(bytes, scanned, head, refusal);
}
inline worker::http::ParseStatus parse_head(std::string_view bytes, std::size_t& scanned,
                                            worker::http::ResponseHead& head,
                                            worker::http::Refusal& refusal) {
  return worker::http::parse_response_head(bytes, scanned, head, refusal);
}

template <typename Head>
struct Parsed {
  worker::http::ParseStatus status = worker::http::ParseStatus::incomplete;
  worker::http::Refusal refusal;
  Head head;
};

// Parses growing prefixes of `bytes`; each is longer than the last by 1 to `most` bytes.
template <typename Head>
Parsed<Head> parse(std::string_view bytes, std::size_t most) {
  using worker::http::ParseStatus;
  Parsed<Head> parsed;
  std::size_t scanned = 0;
  std::size_t growth = most;
  for (std::size_t end = 0; end < bytes.size() && parsed.status == ParseStatus::incomplete;) {
    end += std::min(bytes.size() - end, growth);
    growth = growth == 1 ? most : growth - 1;
    parsed.status = parse_head(bytes.substr(0, end), scanned, parsed.head, parsed.refusal);
  }
  return parsed;
}

// Requires the same verdict, place and excerpt however the bytes are split. Returns the result of
// parsing all bytes at once.
template <typename Head>
Parsed<Head> parse_in_every_way(std::string_view bytes) {
  using worker::http::ParseStatus;
  const Parsed<Head> whole = parse<Head>(bytes, bytes.size() + 1);
  for (const std::size_t most : {std::size_t{1}, std::size_t{7}}) {
    const Parsed<Head> other = parse<Head>(bytes, most);
    require(other.status == whole.status, "same status for any split");
    if (whole.status == ParseStatus::refused) {
      require(other.refusal.reason == whole.refusal.reason, "same reason for any split");
      require(other.refusal.offset == whole.refusal.offset, "same offset for any split");
      require(whole.refusal.offset < whole.head.bytes.size(), "the offset is within the bytes");
      require(worker::http::excerpt(other.head.bytes, other.refusal.offset) ==
                  worker::http::excerpt(whole.head.bytes, whole.refusal.offset),
              "same excerpt for any split");
    } else if (whole.status == ParseStatus::complete) {
      require(other.head.size == whole.head.size, "same size for any split");
      require(other.head.fields.size() == whole.head.fields.size(), "same fields for any split");
    }
  }
  return whole;
}

}  // namespace fuzz
