// What all connections of one worker share: the loop, the log, the read buffer, and for every
// listener, service and backend of the configuration its running half.
//
// Made once by worker::run, outlives every connection, used from one thread. Holds no logic of its
// own: each part has its header.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "shm/worker_table.h"
#include "worker/backend/pool.h"
#include "worker/heritage.h"
#include "worker/http/limits.h"
#include "worker/http/request_head.h"
#include "worker/http/response_head.h"
#include "worker/log/access_log.h"
#include "worker/log/log.h"
#include "worker/net/deadline.h"
#include "worker/net/event.h"
#include "worker/route/balancer.h"
#include "worker/route/router.h"
#include "worker/route/session_affinity.h"
#include "worker/route/wait_queue.h"

namespace worker::client {
class ClientConnection;
}
namespace worker::transaction {
class Transaction;
}

namespace worker {

// One for the worker: large, because a 1 MiB body costs a third less than with 64 KiB.
inline constexpr std::size_t kReadBufferSize = 256 * 1024;

inline constexpr std::size_t kMaxSpareTransactions = 256;

inline constexpr std::uint64_t kSweepMs = 100;            // how late a deadline may fire
inline constexpr std::uint64_t kTunnelIdleMs = 3600'000;  // silence allowed in a tunnel
// A client that is still sending when we close: how long it may be silent, and how long in all.
inline constexpr std::uint64_t kLingerMs = 2'000;
inline constexpr std::uint64_t kLingerTotalMs = 30'000;
// While draining: for a client that has just connected and may have its request under way.
inline constexpr std::uint64_t kNewcomerMs = 1'000;
// While draining because of a reload: for any client that asks nothing just now. Closing it at once
// could meet its next request half way; this one will be answered, with Connection: close.
inline constexpr std::uint64_t kPatienceMs = 5'000;

struct BackendRuntime {
  BackendRuntime(const conf::Backend& backend, const backend::BackendHeritage& inherited,
                 net::EventLoop& loop, net::DeadlineLists& deadlines, route::WaitQueues& queues,
                 shm::Gate& gate)
      : config(backend),
        heritage(inherited),
        pool(loop, deadlines),
        queue(queues, gate),
        timeout(deadlines.of(static_cast<std::uint64_t>(backend.timeout.count()) * 1000)),
        connect_timeout(
            deadlines.of(static_cast<std::uint64_t>(backend.connect_timeout.count()) * 1000)) {}

  // "NAME (ADDRESS:PORT)", for the log.
  std::string title() const;

  const conf::Backend& config;
  const backend::BackendHeritage& heritage;
  backend::UpstreamPool pool;
  route::WaitQueue queue;
  net::DeadlineList& timeout;
  net::DeadlineList& connect_timeout;
};

struct ServiceRuntime {
  std::string name;   // "192.0.2.1:80/1", for the access log
  std::uint32_t row;  // of shm::ServiceTable
  const conf::Service& config;
  route::Balancer balancer;
  route::SessionAffinity affinity;
};

// What the configuration allows, as the parser wants to know it.
http::Limits limits_of(const conf::Listener& listener);

// "Strict-Transport-Security: max-age=N\r\n", or nothing: never for a plain listener.
std::string hsts_line(const conf::Listener& listener);

struct ListenerRuntime {
  ListenerRuntime(const conf::Listener& listener, const route::ListenerHeritage& inherited,
                  net::DeadlineLists& deadlines, route::WaitQueues& queues, shm::Gate& gate)
      : config(listener),
        heritage(inherited),
        name(net::host_port_text(inherited.address)),
        port(std::to_string(listener.port)),
        hsts(hsts_line(listener)),
        limits(limits_of(listener)),
        router(listener.services),
        queue(queues, gate),
        client_timeout(deadlines.of(static_cast<std::uint64_t>(listener.client.count()) * 1000)),
        least_moved(listener.limits.min_rate *
                    static_cast<std::uint64_t>(listener.client.count())) {}

  const conf::Listener& config;
  const route::ListenerHeritage& heritage;
  std::string name;  // "192.0.2.1:80"
  std::string port;
  std::string hsts;  // the ready line that every response gets; empty for none
  http::Limits limits;
  route::Router router;
  route::WaitQueue queue;
  net::DeadlineList& client_timeout;
  std::uint64_t least_moved;  // bytes in each client_timeout that is spent waiting; 0 = any number
  std::vector<ServiceRuntime> services;
};

class WorkerContext {
 public:
  explicit WorkerContext(const Heritage& inherited);
  ~WorkerContext();
  WorkerContext(const WorkerContext&) = delete;
  WorkerContext& operator=(const WorkerContext&) = delete;

  // Transactions are used again, because making one costs several allocations.
  std::unique_ptr<transaction::Transaction> take_transaction();
  void give_back(std::unique_ptr<transaction::Transaction> transaction);

  // For want of descriptors; false when there are none.
  bool close_idle_upstreams();

  void adopt(std::unique_ptr<client::ClientConnection> client);
  std::size_t client_count() const { return clients_.size(); }
  std::uint64_t clients_left() const { return clients_left_; }  // since the worker's start
  // Ends `client` after this turn; while draining, the last one's end is the worker's.
  void dismiss(client::ClientConnection& client);
  // Lets requests in flight finish; idle clients are closed, at once or, `patiently`, when they
  // have asked no more for a while. May be called again, to lose patience.
  void drain(bool patiently);
  // Ends all that are left, for `reason`; returns how many of them were not idle.
  std::size_t cut_off(std::string_view reason);

  // Tells the watchdog what this worker does from here on.
  void note(shm::Activity activity) { workers_.note(heritage.row, {activity, {}, {}}); }
  void note(shm::Activity activity, const ListenerRuntime& listener,
            const ServiceRuntime* service = nullptr) {
    std::optional<std::uint32_t> row;
    if (service != nullptr) row = service->row;
    workers_.note(heritage.row, {activity, listener.heritage.row, row});
  }

  const Heritage& heritage;
  shm::Segment& segment;
  net::EventLoop loop;
  log::Log log;
  log::AccessLog access_log;
  net::DeadlineLists deadlines;
  net::DeadlineList& linger_timeout;
  net::DeadlineList& tunnel_timeout;
  net::DeadlineList& newcomer_timeout;
  net::DeadlineList& patience_timeout;
  route::WaitQueues queues;
  std::vector<std::unique_ptr<BackendRuntime>> backends;
  std::vector<std::unique_ptr<ListenerRuntime>> listeners;
  std::mt19937_64 random;
  bool draining = false;
  bool patient = false;  // while draining

  // Scratch of the call that uses it: what is read, parsed and written before it returns.
  std::unique_ptr<char[]> read_buffer;
  http::RequestHead request_head;
  http::ResponseHead response_head;
  std::string head_text;

 private:
  shm::WorkerTable& workers_;
  std::vector<std::unique_ptr<transaction::Transaction>> spare_transactions_;
  std::vector<std::unique_ptr<client::ClientConnection>> clients_;
  std::uint64_t clients_left_ = 0;
};

}  // namespace worker
