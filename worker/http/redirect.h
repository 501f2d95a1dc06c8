// The answer that sends a client elsewhere: where to, and the page that says so.
//
// Pure. What comes from the request is taken apart and encoded here, so that neither the Location
// field nor the page can be made to say more than one URL.
#pragma once

#include <string>
#include <string_view>

#include "worker/http/answer.h"

namespace worker::http {

// The parts of the URL in the configuration; what is empty is taken from the request.
struct RedirectTarget {
  std::string_view scheme;  // "https://"
  std::string_view host;    // IPv6 in brackets
  std::string_view port;    // ":8443", or empty for the scheme's own
  std::string_view path;    // with query
};

// The absolute URL. `authority` is the request's, and valid; its port is dropped. `path_query` is
// the request's, or "*". Bytes that browsers send bare although RFC 3986 has them encoded are
// encoded. Empty when the host is needed and the request has none.
std::string redirect_location(const RedirectTarget& target, std::string_view authority,
                              std::string_view path_query);

// The page of a redirect: a link to `location`, which this function escapes.
std::string redirect_page(int status, std::string_view location);

// The answer with that page and Location. It holds views of both arguments.
Answer redirect_answer(int status, std::string_view location, std::string_view page);

}  // namespace worker::http
