// What all connections of one worker share: the loop, the log, the read buffer, and for every
// listener, service and backend of the configuration its running half.
//
// Made once by worker::run, outlives every connection, used from one thread. Holds no logic of its
// own: each part has its header.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "worker/access_log.h"
#include "worker/balancer.h"
#include "worker/deadline.h"
#include "worker/event.h"
#include "worker/heritage.h"
#include "worker/http/request_head.h"
#include "worker/http/response_head.h"
#include "worker/log.h"
#include "worker/router.h"
#include "worker/session_affinity.h"
#include "worker/upstream_pool.h"
#include "worker/wait_queue.h"

namespace worker {

class ClientConnection;
class Transaction;

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

struct BackendRuntime {
  BackendRuntime(const conf::Backend& backend, const BackendHeritage& inherited, EventLoop& loop,
                 DeadlineLists& deadlines, WaitQueues& queues, shm::Gate& gate)
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
  const BackendHeritage& heritage;
  UpstreamPool pool;
  WaitQueue queue;
  DeadlineList& timeout;
  DeadlineList& connect_timeout;
};

struct ServiceRuntime {
  std::string name;  // "192.0.2.1:80/1", for the access log
  const conf::Service& config;
  Balancer balancer;
  SessionAffinity affinity;
};

// "Strict-Transport-Security: max-age=N\r\n", or nothing: never for a plain listener.
std::string hsts_line(const conf::Listener& listener);

struct ListenerRuntime {
  ListenerRuntime(const conf::Listener& listener, const ListenerHeritage& inherited,
                  DeadlineLists& deadlines, WaitQueues& queues, shm::Gate& gate)
      : config(listener),
        heritage(inherited),
        name(host_port_text(inherited.address)),
        port(std::to_string(listener.port)),
        hsts(hsts_line(listener)),
        router(listener.services),
        queue(queues, gate),
        client_timeout(deadlines.of(static_cast<std::uint64_t>(listener.client.count()) * 1000)) {}

  const conf::Listener& config;
  const ListenerHeritage& heritage;
  std::string name;  // "192.0.2.1:80"
  std::string port;
  std::string hsts;  // the ready line that every response gets; empty for none
  Router router;
  WaitQueue queue;
  DeadlineList& client_timeout;
  std::vector<ServiceRuntime> services;
};

class WorkerContext {
 public:
  explicit WorkerContext(const Heritage& inherited);
  ~WorkerContext();
  WorkerContext(const WorkerContext&) = delete;
  WorkerContext& operator=(const WorkerContext&) = delete;

  // Transactions are used again, because making one costs several allocations.
  std::unique_ptr<Transaction> take_transaction();
  void give_back(std::unique_ptr<Transaction> transaction);

  void adopt(std::unique_ptr<ClientConnection> client);
  // Ends `client` after this turn; while draining, the last one's end is the worker's.
  void dismiss(ClientConnection& client);
  // Closes idle clients and lets the others finish.
  void drain();
  // Ends all that are left, for `reason`; returns how many they were.
  std::size_t cut_off(std::string_view reason);

  const Heritage& heritage;
  shm::Segment& segment;
  EventLoop loop;
  Log log;
  AccessLog access_log;
  DeadlineLists deadlines;
  DeadlineList& linger_timeout;
  DeadlineList& tunnel_timeout;
  DeadlineList& newcomer_timeout;
  WaitQueues queues;
  std::vector<std::unique_ptr<BackendRuntime>> backends;
  std::vector<std::unique_ptr<ListenerRuntime>> listeners;
  std::mt19937_64 random;
  bool draining = false;

  // Scratch of the call that uses it: what is read, parsed and written before it returns.
  std::unique_ptr<char[]> read_buffer;
  http::RequestHead request_head;
  http::ResponseHead response_head;
  std::string head_text;

 private:
  std::vector<std::unique_ptr<Transaction>> spare_transactions_;
  std::vector<std::unique_ptr<ClientConnection>> clients_;
};

}  // namespace worker
