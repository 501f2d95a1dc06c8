// Fuzzes the header of the PROXY protocol.
//
// Properties: the verdict is the same however the bytes arrive, and whatever follows the header; it
// is final after at most kMaxProxyHeader bytes; a complete header has the form of its version, and
// the address from it is one that has a text.
#include <vector>

#include "t/fuzz/frame.h"
#include "worker/net/proxy_header.h"

using namespace worker::net;
using fuzz::require;

namespace {

using Verdict = ProxyHeader::Verdict;

void require_same(const ProxyHeader& one, const ProxyHeader& other) {
  require(one.verdict == other.verdict, "same verdict for any split");
  require(one.size == other.size, "same size for any split");
  require(std::string_view(one.why) == other.why, "same reason for any split");
  require(one.source.has_value() == other.source.has_value(), "same kind of client for any split");
  if (one.source) {
    require(host_port_text(*one.source) == host_port_text(*other.source), "same client");
  }
}

void check_form(std::string_view header) {
  if (!header.starts_with('P')) {
    const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(header[at]); };
    require(header.size() == kProxyPrologue + byte(14) * 256U + byte(15), "its length is its own");
    return;
  }
  require(header.size() <= kMaxProxyLine && header.ends_with("\r\n"), "a line has its end");
  require(header.find('\r') + 2 == header.size(), "a line has one end");
}

void check_source(const SocketAddress& source) {
  const std::string text = host_text(source);
  const bool is_mapped = text.starts_with("::ffff:") && text.find('.') != text.npos;
  require(!text.empty() && !is_mapped, "an IPv4 address is in the form of IPv4");
  const bool is_v6 = text.find(':') != text.npos;
  const std::string line = std::string(is_v6 ? "PROXY TCP6 " : "PROXY TCP4 ") + text + " " + text +
                           " " + std::to_string(port_of(source)) + " 0\r\n";
  const ProxyHeader again = parse_proxy_header(line);
  require(again.source && host_port_text(*again.source) == host_port_text(source),
          "the client is the same in a line of version 1");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = fuzz::text(data, size);
  const ProxyHeader whole = parse_proxy_header(input);
  bool is_final = false;
  for (std::size_t end = 0; end <= std::min(input.size(), kMaxProxyHeader); ++end) {
    // A copy, so that the sanitizer notices a look at bytes that have not come yet.
    const std::vector<char> bytes(input.begin(), input.begin() + static_cast<std::ptrdiff_t>(end));
    const ProxyHeader part = parse_proxy_header({bytes.data(), bytes.size()});
    is_final = is_final || part.verdict != Verdict::incomplete;
    if (is_final) require_same(part, whole);
  }
  require(is_final == (whole.verdict != Verdict::incomplete), "a verdict comes with its last byte");
  require(is_final || input.size() < kMaxProxyHeader, "a verdict comes in the end");
  if (whole.verdict != Verdict::complete) return 0;
  require(whole.size <= input.size() && whole.size <= kMaxProxyHeader,
          "the header is in the bytes");
  check_form(input.substr(0, whole.size));
  if (whole.source) check_source(*whole.source);
  return 0;
}
