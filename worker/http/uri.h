// The characters and parts of a request target and of an authority: RFC 3986, RFC 9112 section 3.2.
//
// Pure. Accepts more than RFC 3986: characters that browsers are known to send bare, because
// refusing them breaks sites that work. In a query, the URL standard of the WHATWG encodes only
// controls, space, " # < > ' and non-ASCII characters; in a path also ? ` { } and, since 2025, ^
// (whatwg/url#846; Safari sent it bare until then). So [ ] | ^ \ ` { } arrive bare in queries and
// [ ] | ^ in paths, and pages rely on that: `?c[GEO]=SE`, `?a|b`. No browser sends " < > or a byte
// from 0x80 bare, nor ` { } in a path, where it also writes \ as /. Those break the rule
// target_char, which is relaxable, and Pound forwards them encoded. Controls and # are always
// refused.
//
// Browsers send a '%' that encodes nothing bare in queries, too: `?q=100%`, `?q=%u00e4`. Pound
// forwards it as received there, since the backend alone knows what the page meant. In a path it
// breaks the rule percent_encoding, which is relaxable, and Pound forwards it as %25.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "worker/http/relax.h"

namespace worker::http {

// host [":" port] as in Host and in absolute-form: reg-name, IPv4 or "[" IPv6 "]"; port 1..65535,
// or empty after the colon; no userinfo. An empty authority is not valid. Nor is a comma, which
// RFC 3986 allows in a name: it is the trace of two Host fields that some program has joined.
bool valid_authority(std::string_view authority);

// An authority without its port. IPv6 keeps its brackets.
std::string_view host_of(std::string_view authority);

// Judges a path with its query, which begins at `offset` of its message. Notes breaches of
// relaxable rules (target_char, percent_encoding) and refuses all others.
Refusal judge_path_query(std::string_view path_query, std::size_t offset, Breaches& breaches);

// Appends a path with its query, and encodes every character that is not allowed there. Without
// `keep_bare`, the characters beyond RFC 3986 are encoded too; with it, a '%' that encodes nothing
// stays in the query.
void append_path_query(std::string_view path_query, bool keep_bare, std::string& out);

// Whether both name the same server, without regard to letter case and to the default port of the
// scheme.
bool same_authority(std::string_view a, std::string_view b, bool https);

}  // namespace worker::http
