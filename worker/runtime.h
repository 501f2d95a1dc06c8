// All parts of a running worker, made from its heritage and connected to each other.
//
// Owns the parts; each gets only the other parts that it needs. The order of the members is the
// order of construction. Contains no logic. The constructor throws when the system offers no event
// loop.
#pragma once

#include <memory>
#include <vector>

#include "worker/auth/checks.h"
#include "worker/backend/backend.h"
#include "worker/backend/health.h"
#include "worker/backend/probe.h"
#include "worker/client/acceptor.h"
#include "worker/client/client_set.h"
#include "worker/client/context.h"
#include "worker/client/exchange_pool.h"
#include "worker/client/fair_share.h"
#include "worker/client/http1_exchange.h"
#include "worker/client/http2_exchange.h"
#include "worker/heritage.h"
#include "worker/log/access_log.h"
#include "worker/log/activity.h"
#include "worker/log/log.h"
#include "worker/net/deadline.h"
#include "worker/net/event.h"
#include "worker/net/read_buffer.h"
#include "worker/route/listener.h"
#include "worker/route/wait_queue.h"
#include "worker/serve/state.h"
#include "worker/store/session_store.h"
#include "worker/transaction/context.h"

namespace worker {

struct Runtime {
  explicit Runtime(const Heritage& inherited);  // `inherited` outlives it
  Runtime(const Runtime&) = delete;
  Runtime& operator=(const Runtime&) = delete;

  const Heritage& heritage;
  net::EventLoop loop;
  net::DeadlineLists deadlines;
  net::ReadBuffer buffer;
  log::Log log;
  log::AccessLog access_log;
  log::ActivityNote activity;
  route::WaitQueues queues;
  backend::Backends backends;
  std::vector<std::unique_ptr<route::Listener>> listeners;
  backend::Health health;
  backend::Probe probe;
  transaction::BufferBudget budget;
  auth::Checks checks;
  store::SessionStore store;
  serve::State served;
  transaction::Context transactions;
  client::ExchangePool<client::Http1Exchange> exchanges;
  client::ExchangePool<client::Http2Exchange> http2_exchanges;
  client::ClientSet clients;
  client::Context client_context;
  client::FairShare share;
  std::vector<std::unique_ptr<client::Acceptor>> acceptors;
};

}  // namespace worker
