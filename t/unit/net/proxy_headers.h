// Cases of headers of the PROXY protocol: bytes and the verdict about them as a text.
#pragma once

#include <doctest/doctest.h>

#include <string>
#include <string_view>

#include "worker/net/proxy_header.h"

namespace proxy_headers {

using worker::net::parse_proxy_header;
using worker::net::ProxyHeader;

// "192.0.2.7:5000 in 48", "the peer in 15", "incomplete" or "bad: …".
inline std::string verdict(std::string_view bytes) {
  const ProxyHeader header = parse_proxy_header(bytes);
  switch (header.verdict) {
    case ProxyHeader::Verdict::incomplete:
      return "incomplete";
    case ProxyHeader::Verdict::bad:
      return std::string("bad: ") + header.why;
    case ProxyHeader::Verdict::complete:
      break;
  }
  return (header.source ? host_port_text(*header.source) : "the peer") + " in " +
         std::to_string(header.size);
}

// Shows the bytes whole, followed by others, and one by one: the verdict is always the same.
inline void check(std::string_view bytes, std::string_view expected) {
  CAPTURE(bytes.size());
  CAPTURE(doctest::String(bytes.data(), static_cast<unsigned>(bytes.size())));
  CHECK(verdict(bytes) == expected);
  if (expected != "incomplete") {
    CHECK(verdict(std::string(bytes) + "GET / HTTP/1.1\r\n\r\n") == expected);
    CHECK(verdict(std::string(bytes) + std::string(8192, '\0')) == expected);
  }
  bool is_final = false;
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    const std::string part(bytes.substr(0, size));  // a copy, with no further bytes behind it
    const std::string now = verdict(part);
    is_final = is_final || now != "incomplete";
    if (now != (is_final ? expected : "incomplete")) {
      FAIL_CHECK("after " << size << " bytes: " << now);
      return;
    }
  }
}

}  // namespace proxy_headers
