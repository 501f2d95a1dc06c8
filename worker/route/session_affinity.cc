// The sessions of one service: see session_affinity.h.
#include "worker/route/session_affinity.h"

#include <algorithm>
#include <utility>

#include "worker/net/address.h"
#include "worker/net/ip_address.h"
#include "worker/route/client_network.h"

namespace worker::route {

std::optional<http::SessionSource> source_of(conf::SessionPolicy::Type type) {
  switch (type) {
    case conf::SessionPolicy::Type::basic:
      return http::SessionSource::basic_user;
    case conf::SessionPolicy::Type::url:
      return http::SessionSource::url_parameter;
    case conf::SessionPolicy::Type::parm:
      return http::SessionSource::path_parameter;
    case conf::SessionPolicy::Type::cookie:
      return http::SessionSource::cookie;
    case conf::SessionPolicy::Type::header:
      return http::SessionSource::header;
    case conf::SessionPolicy::Type::none:
    case conf::SessionPolicy::Type::ip:
    case conf::SessionPolicy::Type::insert:
      break;
  }
  return std::nullopt;
}

SessionAffinity::SessionAffinity(const conf::SessionPolicy& policy, std::string_view service,
                                 std::uint32_t row, const HashSecret& secret,
                                 shm::SessionTable& table, std::vector<shm::BackendId> backends,
                                 shm::Trust trust, Sharing sharing)
    : policy_(policy),
      source_(source_of(policy.type)),
      service_(service),
      row_(row),
      secret_(secret),
      table_(table),
      trust_(trust),
      sharing_(std::move(sharing)),
      backends_(std::move(backends)) {
  service_ += '\0';
}

std::optional<shm::SessionKey> SessionAffinity::key_of(const http::RequestHead& head,
                                                       std::string_view client_ip,
                                                       SharedKeys* shared) {
  using Type = conf::SessionPolicy::Type;
  if (policy_.type == Type::none || policy_.type == Type::insert) return std::nullopt;
  NetworkBytes room;
  std::optional<std::string_view> text;
  if (source_) {
    text = http::session_text(*source_, policy_.id, head, scratch_);
  } else {
    text = client_network(client_ip, policy_.mask4, policy_.mask6, room);
  }
  if (!text) return std::nullopt;
  if (shared != nullptr) *shared = sharing_.keys_of(*text);
  return hash(*text);
}

std::optional<shm::SessionKey> SessionAffinity::key_of_text(std::string_view text,
                                                            SharedKeys* shared) {
  if (text.empty() || text.size() > http::kMaxSessionText) return std::nullopt;
  NetworkBytes room;
  if (!source_) {
    if (policy_.type != conf::SessionPolicy::Type::ip) return std::nullopt;
    if (text != net::kUnixPeer && !net::parse_ip(text)) return std::nullopt;
    text = client_network(text, policy_.mask4, policy_.mask6, room);
  }
  if (shared != nullptr) *shared = sharing_.keys_of(text);
  return hash(text);
}

shm::SessionKey SessionAffinity::hash(std::string_view text) {
  message_.assign(service_).append(text);
  return shm::with_service(keyed_hash(secret_, message_), row_);
}

std::optional<std::size_t> SessionAffinity::index_of(shm::BackendId backend) const {
  const auto found = std::find(backends_.begin(), backends_.end(), backend);
  if (found == backends_.end()) return std::nullopt;
  return static_cast<std::size_t>(found - backends_.begin());
}

std::optional<SessionAffinity::Session> SessionAffinity::look_up(const shm::SessionKey& key,
                                                                 std::uint64_t now_ms) {
  const std::optional<shm::FoundSession> found = table_.find_session(key, now_ms);
  if (!found) return std::nullopt;
  const std::optional<std::size_t> backend_index = index_of(found->backend);
  if (!backend_index) {
    table_.forget(key);
    return std::nullopt;
  }
  return Session{*backend_index, found->is_confirmed, found->is_due};
}

std::optional<std::size_t> SessionAffinity::find(const shm::SessionKey& key, std::uint64_t now_ms) {
  const std::optional<Session> session = look_up(key, now_ms);
  if (!session) return std::nullopt;
  return session->backend_index;
}

bool SessionAffinity::may_evict(std::string_view client_ip, std::uint64_t now_ms) {
  constexpr unsigned kBits4 = 32;
  constexpr unsigned kBits6 = 64;  // what one customer of a provider gets
  NetworkBytes room;
  return share_.take(keyed_hash(secret_, client_network(client_ip, kBits4, kBits6, room)).low,
                     now_ms);
}

void SessionAffinity::remember(const shm::SessionKey& key, std::size_t backend_index,
                               std::string_view client_ip, std::uint64_t now_ms) {
  const auto store = [&](shm::Room room) {
    table_.remember(key, backends_[backend_index], ttl_s(), now_ms, room);
  };
  store(shm::Room::free);
  if (table_.was_full() && may_evict(client_ip, now_ms)) store(shm::Room::evict);
}

std::size_t SessionAffinity::bind(const shm::SessionKey& key, std::size_t backend_index,
                                  std::optional<std::size_t> instead_of, std::string_view client_ip,
                                  std::uint64_t now_ms) {
  std::optional<shm::BackendId> old;
  if (instead_of) old = backends_[*instead_of];
  const auto store = [&](shm::Room room) {
    return table_.bind(key, backends_[backend_index], old, ttl_s(), now_ms, room, trust_);
  };
  shm::BackendId bound = store(shm::Room::free);
  if (trust_ == shm::Trust::confirmed && table_.was_full() && may_evict(client_ip, now_ms)) {
    bound = store(shm::Room::evict);
  }
  return index_of(bound).value_or(backend_index);
}

SharedKeys SessionAffinity::learn(const http::ResponseHead& head, std::size_t backend_index,
                                  std::string_view client_ip, std::uint64_t now_ms) {
  if (!source_) return {};
  const auto text = http::learned_session_text(*source_, policy_.id, head);
  if (!text) return {};
  const shm::SessionKey key = hash(*text);
  // Many backends send the same cookie again and again, and the store need not hear of that.
  const std::optional<Session> known = look_up(key, now_ms);
  const bool is_news = !known || known->backend_index != backend_index || known->is_due;
  if (!known || known->backend_index != backend_index || !known->is_known)
    remember(key, backend_index, client_ip, now_ms);
  return is_news ? sharing_.keys_of(*text) : SharedKeys();
}

void SessionAffinity::adopt(const shm::SessionKey& key, const Session& session,
                            std::string_view client_ip, std::uint64_t now_ms) {
  if (session.is_known) return remember(key, session.backend_index, client_ip, now_ms);
  const std::optional<std::size_t> here = find(key, now_ms);
  if (here != session.backend_index) {
    bind(key, session.backend_index, here, client_ip, now_ms);
  }
}

}  // namespace worker::route
