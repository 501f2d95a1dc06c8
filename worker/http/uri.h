// The characters and parts of a request target and of an authority: RFC 3986, RFC 9112 section 3.2.
//
// Pure. Beyond RFC 3986, what browsers are known to send bare passes, because refusing it breaks
// sites that work: the URL standard of the WHATWG escapes none of [ ] | ^ in a path (older browsers
// for ^), and none of [ ] | ^ \ ` { } in a query, and pages rely on it (`?c[GEO]=SE`, `?a|b`).
// Everything else is refused: controls, space, " < > #, bytes from 0x80, and in a path \ ` { } too,
// where a backslash is a second slash to some servers.
#pragma once

#include <cstddef>
#include <string_view>

namespace worker::http {

// host [":" port] as in Host and in absolute-form: reg-name, IPv4 or "[" IPv6 "]"; port 1..65535
// or empty after the colon; no userinfo. An empty authority is not valid. A comma, which RFC 3986
// would allow in a name, is not: it is what two Host fields joined by somebody look like.
bool valid_authority(std::string_view authority);

// An authority without its port. IPv6 keeps its brackets.
std::string_view host_of(std::string_view authority);

// The offset of the first byte that may not stand in a path or query, or npos. Checks that each
// '%' is followed by two hexadecimal digits.
std::size_t first_bad_target_byte(std::string_view path_query);

// Both name the same server when asked with `https` or not: letter case and the scheme's own port
// do not count.
bool same_authority(std::string_view a, std::string_view b, bool https);

}  // namespace worker::http
