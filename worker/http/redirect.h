// The answer that redirects a client: the new URL, and the page with a link to it.
//
// Pure. Encodes and escapes the parts that come from the request, so that no request can inject
// anything into the Location field or the page.
#pragma once

#include <string>
#include <string_view>

#include "worker/http/answer.h"

namespace worker::http {

// The parts of the URL in the configuration. The request supplies those that are empty.
struct RedirectTarget {
  std::string_view scheme;  // "https://"
  std::string_view host;    // IPv6 in brackets
  std::string_view port;    // ":8443", or empty for the scheme's own
  std::string_view path;    // with query
};

// The absolute URL. `authority` is that of the request and valid; its port is not used.
// `path_query` is that of the request, or "*". The result encodes the bytes that browsers send bare
// against RFC 3986. It is empty when the host must come from the request and the request has none.
std::string redirect_location(const RedirectTarget& target, std::string_view authority,
                              std::string_view path_query);

// The page of a redirect: a link to `location`, which this function escapes.
std::string redirect_page(int status, std::string_view location);

// The answer with that page and Location. It holds views of both arguments.
Answer redirect_answer(int status, std::string_view location, std::string_view page);

}  // namespace worker::http
