// Which backend a client's session belongs to, for one service.
//
// Turns a request into a session key, by the service's policy, and asks or tells the session table
// in the segment. Keys are hashes with a secret that all workers share; the text they are made of
// is not kept. Made once for each service; takes one lock of the table for each look-up, none
// where there is no session.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conf/config.h"
#include "shm/ids.h"
#include "shm/session_table.h"
#include "worker/http/request_head.h"
#include "worker/http/response_head.h"
#include "worker/http/session_key.h"
#include "worker/route/keyed_hash.h"

namespace worker::route {

class SessionAffinity {
 public:
  // `service` tells this service from all others, also after a reload, as does `row` of the
  // service table. `backends`: the ids of its backends, by their place in the service.
  SessionAffinity(const conf::SessionPolicy& policy, std::string_view service, std::uint32_t row,
                  const HashSecret& secret, shm::SessionTable& table,
                  std::vector<shm::BackendId> backends);

  // What the request's session is kept by; nothing when it has none. `client_ip` is numeric.
  std::optional<shm::SessionKey> key_of(const http::RequestHead& head, std::string_view client_ip);

  // The place of the session's backend in the service; its idle time starts anew. A session that
  // belongs to a backend which the service no longer has is forgotten.
  std::optional<std::size_t> find(const shm::SessionKey& key, std::uint64_t now_ms);
  void remember(const shm::SessionKey& key, std::size_t place, std::uint64_t now_ms);
  // Gives the session to `place` instead of what `find` said, and returns it; or, when another
  // process has been quicker, the place that it was given to then.
  std::size_t bind(const shm::SessionKey& key, std::size_t place,
                   std::optional<std::size_t> instead_of, std::uint64_t now_ms);

  // Cookies and fields that begin a session come from the backend.
  void learn(const http::ResponseHead& head, std::size_t place, std::uint64_t now_ms);

 private:
  shm::SessionKey hash(std::string_view text);
  std::string_view network_of(std::string_view client_ip);
  std::optional<std::size_t> place_of(shm::BackendId backend) const;
  std::uint32_t ttl_s() const { return static_cast<std::uint32_t>(policy_.ttl.count()); }

  const conf::SessionPolicy& policy_;
  std::optional<http::SessionSource> source_;  // of those that stand in a head; none for IP
  std::string service_;
  std::uint32_t row_;
  HashSecret secret_;
  shm::SessionTable& table_;
  std::vector<shm::BackendId> backends_;
  std::string scratch_;  // decoded text
  std::string message_;  // what is hashed
};

}  // namespace worker::route
