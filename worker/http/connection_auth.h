// The authentication schemes that authenticate a connection instead of a request: NTLM and
// Negotiate (RFC 4559 6).
//
// Pure. A backend that uses them answers every later request on the connection as the same user.
// So such a connection must not carry requests of two clients (RFC 9110 11.6.1).
#pragma once

#include "worker/http/header_list.h"

namespace worker::http {

// Whether Authorization carries credentials of such a scheme.
bool has_connection_credentials(const HeaderList& request);

// Whether WWW-Authenticate or Proxy-Authenticate names such a scheme. One that occurs in a
// parameter counts as well.
bool has_connection_challenge(const HeaderList& response);

}  // namespace worker::http
