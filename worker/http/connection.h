// The Connection field: a list of options, RFC 9110 section 7.6.1, and names in it.
//
// Pure. A hop may name fields that end with it, but only such as are its own business: a client
// that could remove Cookie or X-Forwarded-For on the way would fool the backend.
#pragma once

#include <cstddef>
#include <string_view>

#include "worker/http/header_list.h"

namespace worker::http {

inline constexpr std::size_t kMaxConnectionOptions = 64;

struct ConnectionOptions {
  bool close = false;
  bool keep_alive = false;
  bool upgrade = false;
  bool names_fields = false;  // an option that may be the name of another field
  bool valid = true;          // tokens only, at most kMaxConnectionOptions
};

ConnectionOptions connection_options(const HeaderList& fields);

// RFC 9112 9.3.
bool keeps_alive(const ConnectionOptions& options, int minor_version);

// `name` stands in a Connection field and is not one of the protected names in connection.cc.
bool removed_by_connection(const HeaderList& fields, std::string_view name);

}  // namespace worker::http
