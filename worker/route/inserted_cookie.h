// The cookie that Pound sets so that a client keeps its backend: `Session: {Type: INSERT}`.
//
// Its value is an HMAC of what the backend is. The values of a service's backends are computed at
// the start, so a request costs a search among them, and nothing is stored for a client. A value
// that is none of them, forged or stale, means no session. Every machine with the same secret and
// the same backends makes the same values, whatever its listeners are. How long a comparison takes
// may show a value in time; but it is no secret: any client gets one by asking.
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
  // `identities`: of the service's backends, in its order (hash_key.h). `secret`: at least 16
  // bytes. Borrows `policy`.
  InsertedCookie(const conf::SessionPolicy& policy, std::span<const std::string> identities,
                 std::string_view secret);

  // The index of the backend that the first valid cookie names.
  std::optional<std::size_t> find(const http::RequestHead& head) const;
  // The index of the backend that a cookie with this value names.
  std::optional<std::size_t> find_value(std::string_view value) const;

  // Whether a response needs the cookie: `named` is the result of find(), `served` the backend that
  // it came from. With a TTL every response renews the cookie, because the TTL counts from the last
  // use.
  bool is_due(std::optional<std::size_t> named, std::size_t served) const {
    return named != served || policy_->ttl.count() != 0;
  }
  // Appends "Set-Cookie: …\r\n". `is_https`: the client uses TLS, and its cookie is for TLS alone.
  void append_field(std::size_t backend_index, bool is_https, std::string& lines) const;

 private:
  const conf::SessionPolicy* policy_;
  std::vector<std::string> values_;                               // by backend
  std::vector<std::pair<std::string_view, std::size_t>> sorted_;  // the same, to search in
};

}  // namespace worker::route
