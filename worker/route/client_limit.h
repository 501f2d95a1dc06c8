// One limit on clients, of a listener or a service, as one worker uses it.
//
// Decides whether a client may have one more request or connection, and counts what it decides.
// The state of the clients is in the segment and is that of all workers: rate_table.h,
// client_connections.h, limit_table.h. A client is a hash of what tells the limit's clients apart,
// with a secret of this limit that all workers share; nothing that a client sends is stored. A
// request that lacks the field or cookie of `Key` is limited by its address, because a client could
// otherwise leave it out.
//
// A limit whose Mode is observe lets everything pass; it counts what it would refuse, and logs an
// example at most every ten seconds.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conf/config.h"
#include "shm/segment.h"
#include "worker/http/request_head.h"
#include "worker/log/log.h"
#include "worker/log/occasional.h"
#include "worker/net/ip_address.h"
#include "worker/route/heritage.h"
#include "worker/route/keyed_hash.h"

namespace worker::route {

// A connection, at the limits that count it. It counts until this object is destroyed.
class CountedConnection {
 public:
  CountedConnection(shm::ClientConnections& table, shm::Row row) : table_(table), row_(row) {}
  ~CountedConnection() {
    for (const shm::SessionKey& key : keys_) table_.leave(key, row_);
  }
  CountedConnection(const CountedConnection&) = delete;
  CountedConnection& operator=(const CountedConnection&) = delete;

  // It has entered the table with this key.
  void add(shm::SessionKey key) { keys_.push_back(key); }

 private:
  shm::ClientConnections& table_;
  shm::Row row_;
  std::vector<shm::SessionKey> keys_;
};

// What all limits of a worker share.
struct LimitTables {
  const HashSecret& secret;
  shm::Segment& segment;
  shm::Row row;  // this worker's
};

class ClientLimit {
 public:
  // `title` begins its log lines: "listener 192.0.2.1:80: Limit 1". Borrows `config`.
  ClientLimit(std::string title, const conf::ClientLimit& config, LimitHeritage inherited,
              const LimitTables& tables);

  // Counts one request. Nothing when it may be served; otherwise the microseconds until one would
  // be. `client_ip` is numeric; `now_us` is CLOCK_MONOTONIC.
  std::optional<std::uint64_t> over_rate(const http::RequestHead& head, std::string_view client_ip,
                                         std::uint64_t now_us, log::Log& log);

  bool has_connections() const { return config_->connections != 0; }
  // For a new connection of this worker, at any number of limits.
  std::unique_ptr<CountedConnection> new_connection() const {
    return std::make_unique<CountedConnection>(segment_->client_connections(), row_);
  }
  // Whether a client at `client_ip` may have one more connection, which then counts with `counted`.
  bool admits(std::string_view client_ip, CountedConnection& counted, std::uint64_t now_us,
              log::Log& log);

 private:
  bool is_observing() const { return config_->mode == conf::ClientLimit::Mode::observe; }
  shm::SessionKey key_of(const http::RequestHead& head, std::string_view client_ip) const;
  shm::SessionKey key_of_address(const HashSecret& secret, std::string_view client_ip) const;
  std::string client_text(std::string_view client_ip) const;
  void note_over(std::string_view client_ip, std::string_view why, std::uint64_t now_us,
                 log::Log& log);
  void count(shm::LimitField field) { segment_->limits().count(inherited_.row, row_, field); }

  std::string title_;
  const conf::ClientLimit* config_;
  LimitHeritage inherited_;
  // One for each kind of thing that is hashed, so that they never mean the same client.
  HashSecret address_secret_, text_secret_, connection_secret_;
  shm::Segment* segment_;
  shm::Row row_;
  shm::Rate rate_;
  log::Occasional observed_line_;
};

}  // namespace worker::route
