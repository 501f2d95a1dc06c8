// The Connection field: a list of options, RFC 9110 section 7.6.1, and names in it.
//
// Pure. A hop may name fields that end with it, but only such as are its own business: a client
// that could remove Cookie or X-Forwarded-For on the way would fool the backend.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "worker/http/header_list.h"

namespace worker::http {

inline constexpr std::size_t kMaxConnectionOptions = 64;

struct ConnectionOptions {
  bool close = false;
  bool keep_alive = false;
  bool upgrade = false;
  // The first that is no token, or is one more than kMaxConnectionOptions; null when all are fine.
  const char* invalid = nullptr;
};

ConnectionOptions connection_options(const HeaderList& fields);

// RFC 9112 9.3.
bool keeps_alive(const ConnectionOptions& options, int minor_version);

// The names of fields in Connection, read once for all fields that are held against them: a long
// list and many fields must not multiply. Holds views into the head; at most
// kMaxConnectionOptions names, further ones are ignored.
class NamedFields {
 public:
  explicit NamedFields(const HeaderList& fields);

  // `name` was named, and is not one of the protected names in connection.cc.
  bool contains(std::string_view name) const { return size_ != 0 && is_named(name); }

 private:
  bool is_named(std::string_view name) const;

  // Plain, so that the many that are not used cost nothing.
  struct Name {
    const char* data;
    std::size_t size;
  };
  std::array<Name, kMaxConnectionOptions> names_;
  std::size_t size_ = 0;
};

}  // namespace worker::http
