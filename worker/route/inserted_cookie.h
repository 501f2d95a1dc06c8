// The cookie that Pound sets so that a client keeps its backend: `Session: {Type: INSERT}`.
//
// Its value is an HMAC of what the backend is, with a key. The values of a service's backends are
// computed at the start, so a request costs a search among them, and nothing is stored for a
// client. A value that is none of them, forged or stale, means no session. Every machine with the
// same key and the same backends makes the same values, whatever its listeners are. While a key is
// replaced, the values of a second key count as well, and the client gets that of the first. How
// long a comparison takes may show a value in time; but it is no secret: any client gets one by
// asking.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "conf/config.h"
#include "worker/http/request_head.h"

namespace worker::route {

class InsertedCookie {
 public:
  struct Named {
    std::size_t backend;  // its index in the service
    bool is_current;      // made with the first key
  };

  // `identities`: of the service's backends, in its order (hash_key.h). `keys`: of at least 16
  // bytes each; the first one makes values. Borrows `policy`.
  InsertedCookie(const conf::SessionPolicy& policy, std::span<const std::string> identities,
                 std::span<const std::string> keys);

  // What the first valid cookie says.
  std::optional<Named> find(const http::RequestHead& head) const;
  // What a cookie with this value says.
  std::optional<Named> find_value(std::string_view value) const;

  // Whether a response needs the cookie: `named` is the result of find(), `served` the backend that
  // it came from. With a TTL every response renews the cookie, because the TTL counts from the last
  // use.
  bool is_due(const std::optional<Named>& named, std::size_t served) const {
    const bool is_right = named && named->is_current && named->backend == served;
    return !is_right || policy_->ttl.count() != 0;
  }
  // Appends "Set-Cookie: …\r\n". `is_https`: the client uses TLS, and its cookie is for TLS alone.
  void append_field(std::size_t backend_index, bool is_https, std::string& lines) const;

 private:
  const conf::SessionPolicy* policy_;
  std::vector<std::string> values_;                               // by key, then by backend
  std::vector<std::pair<std::string_view, std::size_t>> sorted_;  // the same, to search in
  std::size_t backends_;
};

}  // namespace worker::route
