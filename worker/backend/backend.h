// A backend as one worker uses it: its configuration, its idle connections, and the queue for its
// slots.
//
// Made when the worker starts; outlives every connection. Owns the private state. The state that
// all workers share (liveness, slots, counters) is in the segment, in the row that `heritage`
// names.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "conf/config.h"
#include "worker/backend/heritage.h"
#include "worker/backend/pool.h"
#include "worker/log/occasional.h"
#include "worker/net/deadline.h"
#include "worker/net/event.h"
#include "worker/route/slots.h"

namespace worker::backend {

struct Backend {
  Backend(const conf::Backend& backend, const BackendHeritage& inherited, net::EventLoop& loop,
          net::DeadlineLists& deadlines, route::WaitQueues& queues, const shm::SlotGates& gates);

  // "NAME (ADDRESS:PORT)" for log lines.
  std::string title() const;

  // None while the name has not resolved. Once there are addresses, they stay.
  const std::vector<net::SocketAddress>& addresses() const;

  const conf::Backend& config;
  const BackendHeritage& heritage;
  UpstreamPool pool;
  route::Slots slots;                  // its `Threads`
  net::DeadlineList& timeout;          // `TimeOut`
  net::DeadlineList& connect_timeout;  // `ConnTO`, for each address; likewise for TLS
  mutable log::Occasional tls_line;    // says that TLS failed

 private:
  mutable std::vector<net::SocketAddress> found_;  // after the start
};

// All backends of the configuration, in its order.
class Backends {
 public:
  void add(std::unique_ptr<Backend> backend) { list_.push_back(std::move(backend)); }
  Backend& operator[](std::size_t index) const { return *list_[index]; }
  std::size_t size() const { return list_.size(); }

  // Closes all idle connections to free their descriptors. False when there was none.
  bool close_idle();

 private:
  std::vector<std::unique_ptr<Backend>> list_;
};

}  // namespace worker::backend
