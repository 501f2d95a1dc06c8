// What the store has for a session: the name of its backend, or that an operator has deleted it.
//
//   192.0.2.1:80    the backend, as route::backend_identities() names it
//   ?192.0.2.1:80   likewise, but no backend has answered a request of the session yet
//   -               deleted: no session, until another one is bound
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace worker::store {

// An answer to the question whose a session is.
struct Found {
  enum class What : std::uint8_t {
    unknown,  // the store has not answered, or not in time
    nothing,  // it has no such session
    deleted,
    backend,
  };
  What what = What::unknown;
  std::string backend = {};  // its name, which may be any bytes
  bool is_confirmed = true;  // a backend has answered
};

inline constexpr std::string_view kDeleted = "-";

inline std::string value_of(std::string_view backend, bool is_confirmed) {
  return (is_confirmed ? "" : "?") + std::string(backend);
}

inline Found found_in(std::string_view value) {
  if (value == kDeleted) return {.what = Found::What::deleted};
  const bool is_confirmed = !value.starts_with('?');
  return {.what = Found::What::backend,
          .backend = std::string(value.substr(is_confirmed ? 0 : 1)),
          .is_confirmed = is_confirmed};
}

}  // namespace worker::store
