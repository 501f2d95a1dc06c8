// The Connection field: a list of options and of names of fields, RFC 9110 section 7.6.1.
//
// Pure. A sender may name the fields that belong to this hop only. Some names are protected against
// that: a client that could have Cookie or X-Forwarded-For removed would deceive the backend.
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
  // The first option that is not a token, or exceeds kMaxConnectionOptions; null when there is
  // none.
  const char* invalid = nullptr;
};

ConnectionOptions connection_options(const HeaderList& fields);

// Whether the sender of these options keeps the connection open: RFC 9112 9.3.
bool keeps_alive(const ConnectionOptions& options, int minor_version);

// The names of fields in Connection. The constructor reads them once, for all later comparisons, so
// that a long list is not parsed again for each field. Holds views into the head. Ignores names
// beyond kMaxConnectionOptions.
class NamedFields {
 public:
  explicit NamedFields(const HeaderList& fields);

  // Whether Connection has `name`, and `name` is not protected (see connection.cc).
  bool contains(std::string_view name) const { return size_ != 0 && is_named(name); }

 private:
  bool is_named(std::string_view name) const;

  // Plain data without initializers, so that unused elements cost nothing.
  struct Name {
    const char* data;
    std::size_t size;
  };
  std::array<Name, kMaxConnectionOptions> names_;
  std::size_t size_ = 0;
};

}  // namespace worker::http
