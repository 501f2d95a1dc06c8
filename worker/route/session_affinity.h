// Maps the sessions of one service to its backends.
//
// Derives a session key from a request, as the service's policy says, and reads and writes the
// session table in the segment. A key is a hash with a secret that all workers share; the text that
// it is made from is not stored. Each service has one object of this class. A look-up takes one
// lock of the table; a request without a session takes none. Times are CLOCK_MONOTONIC
// milliseconds. Sessions of type INSERT are not in the table: inserted_cookie.h.
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
#include "worker/route/eviction_share.h"
#include "worker/route/keyed_hash.h"
#include "worker/route/shared_sessions.h"

namespace worker::route {

// The part of the head that tells clients apart; nothing for IP, INSERT and none.
std::optional<http::SessionSource> source_of(conf::SessionPolicy::Type type);

class SessionAffinity {
 public:
  struct Session {
    std::size_t backend_index;  // in the service
    bool is_known;              // a backend has answered a request of it
    bool is_due = false;        // the session store is to be told: shm::FoundSession
  };
  // `service` (text) and `row` (of shm::ServiceTable) identify the service, also after a reload.
  // `backends`: the ids of its backends, in the order of the service. `trust`: how the sessions of
  // bind() begin. `sharing`: of the service.
  SessionAffinity(const conf::SessionPolicy& policy, std::string_view service, std::uint32_t row,
                  const HashSecret& secret, shm::SessionTable& table,
                  std::vector<shm::BackendId> backends, shm::Trust trust = shm::Trust::confirmed,
                  Sharing sharing = {});

  // The key of the request's session, or nothing when it has none. `client_ip` is numeric.
  // `shared`, if it is given, gets the keys of the session in the store.
  std::optional<shm::SessionKey> key_of(const http::RequestHead& head, std::string_view client_ip,
                                        SharedKeys* shared = nullptr);

  // The key of the session of the client that has `text`: its address with IP, else the value that
  // key_of() finds in its requests. Nothing when the service keeps no sessions in the table, or
  // when no client can have the text.
  std::optional<shm::SessionKey> key_of_text(std::string_view text, SharedKeys* shared = nullptr);

  // The session, or the index of its backend in the service, or nothing. Restarts the session's
  // idle time. Forgets the session when the service no longer has its backend.
  std::optional<Session> look_up(const shm::SessionKey& key, std::uint64_t now_ms);
  std::optional<std::size_t> find(const shm::SessionKey& key, std::uint64_t now_ms);
  // The three that follow store a session for the client at `client_ip`. When the table is full,
  // the sessions of one network (an IPv4 address, 64 bits of IPv6) push out only a few live
  // sessions in a second (eviction_share.h); a further one is not stored. An unconfirmed session
  // never pushes out a confirmed one.
  void remember(const shm::SessionKey& key, std::size_t backend_index, std::string_view client_ip,
                std::uint64_t now_ms);
  // Assigns the session to `backend_index` and returns that index. `instead_of` is the result of
  // find(). A session that begins unconfirmed is not known before remember(), which the caller owes
  // it after an answer: a stranger who waits must not become known by asking again. When another
  // worker has assigned the session since, leaves it there and returns the index of that backend,
  // unless the service does not have it.
  std::size_t bind(const shm::SessionKey& key, std::size_t backend_index,
                   std::optional<std::size_t> instead_of, std::string_view client_ip,
                   std::uint64_t now_ms);
  // Stores the session that the backend begins with a cookie or a field of this response, if any.
  // Returns its keys in the store, or none.
  SharedKeys learn(const http::ResponseHead& head, std::size_t backend_index,
                   std::string_view client_ip, std::uint64_t now_ms);
  // Stores what the session store knows of the session.
  void adopt(const shm::SessionKey& key, const Session& session, std::string_view client_ip,
             std::uint64_t now_ms);
  void forget(const shm::SessionKey& key) { table_.forget(key); }

  // The index of the backend in the service.
  std::optional<std::size_t> index_of(shm::BackendId backend) const;
  const Sharing& sharing() const { return sharing_; }
  std::uint32_t ttl_s() const { return static_cast<std::uint32_t>(policy_.ttl.count()); }
  bool begins_confirmed() const { return trust_ == shm::Trust::confirmed; }

 private:
  shm::SessionKey hash(std::string_view text);
  bool may_evict(std::string_view client_ip, std::uint64_t now_ms);

  const conf::SessionPolicy& policy_;
  std::optional<http::SessionSource>
      source_;  // the part of the head; nothing for IP, INSERT and none
  std::string service_;
  std::uint32_t row_;
  HashSecret secret_;
  shm::SessionTable& table_;
  shm::Trust trust_;
  EvictionShare share_;
  Sharing sharing_;
  std::vector<shm::BackendId> backends_;
  std::string scratch_;  // the text of the session
  std::string message_;  // the input of the hash
};

}  // namespace worker::route
