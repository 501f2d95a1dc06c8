// A listener and its services, as one worker uses them.
//
// Made when the worker starts; outlives every connection. Owns the private state. The state that
// all workers share (slots, counters) is in the segment, in the rows that `heritage` names.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "conf/config.h"
#include "shm/listener_table.h"
#include "shm/session_table.h"
#include "worker/http/limits.h"
#include "worker/log/access_format.h"
#include "worker/log/occasional.h"
#include "worker/net/deadline.h"
#include "worker/route/balancer.h"
#include "worker/route/client_limit.h"
#include "worker/route/client_rules.h"
#include "worker/route/edits.h"
#include "worker/route/heritage.h"
#include "worker/route/inserted_cookie.h"
#include "worker/route/keyed_hash.h"
#include "worker/route/router.h"
#include "worker/route/session_affinity.h"
#include "worker/route/slots.h"

namespace worker::route {

struct Service {
  std::string name;   // "192.0.2.1:80/1", for the access log
  std::uint32_t row;  // of shm::ServiceTable
  const conf::Service& config;
  const conf::AccessLog* access_log;   // null: its requests have no records
  std::optional<std::uint32_t> users;  // the file of its users, where it has Auth
  std::unique_ptr<Balancer> balancer;
  std::unique_ptr<Balancer> emergency;  // chooses among `Emergency`, whose indices it takes
  SessionAffinity affinity;
  std::optional<InsertedCookie> cookie;  // with sessions of type INSERT, instead of `affinity`
  ClientRules clients;
  const ServicePages& pages;
  std::vector<ClientLimit> client_limits;
  log::Occasional emergency_line;             // says that `Emergency` serves
  std::unique_ptr<const ServiceEdits> edits;  // null: heads pass as they are
};

// How slowly a client may send or take a body. A request's slots are worth more while other
// requests wait for one.
struct PaceLimits {
  net::DeadlineList& silence;   // `BodyTimeOut`: without any progress
  net::DeadlineList& span;      // over which bytes are counted
  std::uint64_t min_bytes;      // per span; 0 = no minimum
  std::uint64_t crowded_bytes;  // likewise, while other requests wait
};

// Bytes per second, over `Client` seconds. A slower client loses its slot when others wait for it.
inline constexpr std::uint64_t kCrowdedRate = 1024;
// The same, over one second, for readers when half of the slots belong to slow readers already.
inline constexpr std::uint64_t kSurplusRate = 16 * 1024;
inline constexpr std::chrono::seconds kSurplusSpan{1};

// The limits of the configuration as those of the parser.
http::Limits limits_of(const conf::Listener& listener);
// The rules that a request with this method may break. `service`: nothing when none takes it.
http::RuleSet relaxed_rules(const conf::Listener& listener, const ListenerHeritage& heritage,
                            std::optional<std::size_t> service, std::string_view method);

struct Listener {
  // `row` is this worker's.
  Listener(const conf::Listener& listener, const ListenerHeritage& inherited,
           net::DeadlineLists& deadlines, WaitQueues& queues, shm::ListenerTable& table,
           shm::Row row);

  const conf::Listener& config;
  const ListenerHeritage& heritage;
  shm::ListenerCells& cells;                    // what this worker counts here
  std::string name;                             // "192.0.2.1:80" or "/run/pound.sock"
  std::string port;                             // empty for a path
  const conf::AccessLog* access_log = nullptr;  // of requests without a service; null: none
  log::Shows shows = log::Shows::nothing;       // what all formats here show together
  std::string request_id;                       // RequestID; empty: none
  std::string hsts;  // the "Strict-Transport-Security" line of every response; empty for none
  bool speaks_http2;
  http::Limits limits;
  Router router;
  Slots slots;                        // its `Threads`
  net::DeadlineList& queue_timeout;   // `QueueTimeOut`
  net::DeadlineList& stream_timeout;  // `StreamTimeOut`
  net::DeadlineList& client_timeout;  // `Client`
  PaceLimits pace;
  PaceLimits surplus_pace;
  std::vector<ClientLimit> client_limits;
  log::Occasional full_line;  // says that requests cannot wait any more
  std::vector<Service> services;
  HeadEdits answer_edits;  // Reply, for answers of Pound's own before a service is found
  bool has_edits = false;  // the listener or one of its services
};

// What the sessions of all services are made of.
struct SessionMakings {
  const HashSecret& secret;                  // of the keys in the table
  std::span<const std::string> cookie_keys;  // of InsertedCookie
  shm::SessionTable& table;
  const std::vector<HashSecret>& store_keys;  // of the session store; none if there is none
};

// Fills `listener.services`, and what the listener takes from Global. `backend_ids`: of all
// backends of the configuration, in its order.
void add_services(Listener& listener, const conf::Config& config,
                  const std::vector<shm::BackendId>& backend_ids, const SessionMakings& makings);

// Fills `client_limits` of the listener and its services. `row` is this worker's.
void add_limits(Listener& listener, const HashSecret& secret, shm::Segment& segment, shm::Row row);

}  // namespace worker::route
