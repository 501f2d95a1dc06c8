// The characters and parts of a request target and of an authority: RFC 3986, RFC 9112 section 3.2.
//
// Pure. Beyond RFC 3986, what browsers are known to send bare passes, because refusing it breaks
// sites that work. The URL standard of the WHATWG encodes in a query only controls, space, " # < >,
// ' and what is not ASCII; in a path also ? ` { } and, since 2025, ^ (whatwg/url#846; Safari sent
// it bare until then). So [ ] | ^ \ ` { } come bare in queries and [ ] | ^ in paths, and pages rely
// on it: `?c[GEO]=SE`, `?a|b`. No browser sends a bare " < > or a byte from 0x80 anywhere, nor
// ` { } in a path, where it writes \ as /: those are target_char, which can be relaxed; they go out
// encoded. Controls and # never pass.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "worker/http/relax.h"

namespace worker::http {

// host [":" port] as in Host and in absolute-form: reg-name, IPv4 or "[" IPv6 "]"; port 1..65535
// or empty after the colon; no userinfo. An empty authority is not valid. A comma, which RFC 3986
// would allow in a name, is not: it is what two Host fields joined by somebody look like.
bool valid_authority(std::string_view authority);

// An authority without its port. IPv6 keeps its brackets.
std::string_view host_of(std::string_view authority);

// Judges a path with its query, which begins at `offset` of its message: notes what is wrong but
// may be relaxed (target_char, percent_encoding), and refuses the rest.
Refusal judge_path_query(std::string_view path_query, std::size_t offset, Breaches& breaches);

// Appends a path with its query. What may not stand there is encoded, and a '%' that encodes
// nothing becomes %25; so does, unless `keep_bare`, what passes beyond RFC 3986.
void append_path_query(std::string_view path_query, bool keep_bare, std::string& out);

// Both name the same server when asked with `https` or not: letter case and the scheme's own port
// do not count.
bool same_authority(std::string_view a, std::string_view b, bool https);

}  // namespace worker::http
