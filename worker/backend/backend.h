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
#include "worker/backend/addresses.h"
#include "worker/backend/heritage.h"
#include "worker/backend/pool.h"
#include "worker/log/occasional.h"
#include "worker/net/deadline.h"
#include "worker/net/event.h"
#include "worker/route/slots.h"

namespace worker::backend {

struct Backend {
  Backend(const conf::Backend& backend, const BackendHeritage& inherited, net::EventLoop& loop,
          net::DeadlineLists& deadlines, route::WaitQueues& queues, const shm::SlotGates& gates,
          unsigned first_turn = 0);

  // "NAME (ADDRESS:PORT)" for log lines.
  std::string title() const;

  // As of the last refresh_addresses(). None while the name has not resolved.
  const AddressListPtr& address_list() const { return addresses_.list(); }
  const std::vector<net::SocketAddress>& addresses() const { return address_list()->all; }
  // Takes the addresses that the master has published since, and closes idle connections to those
  // that are gone. One atomic load when nothing has changed.
  void refresh_addresses();
  // Whose turn it is among the addresses: each connection begins with another one.
  unsigned next_turn() { return turn_++; }
  // Whether the connection leads to an address that the backend still has.
  bool has(const UpstreamConnection& upstream);

  const conf::Backend& config;
  const BackendHeritage& heritage;
  UpstreamPool pool;
  route::Slots slots;                  // its `Threads`
  net::DeadlineList& timeout;          // `TimeOut`
  net::DeadlineList& connect_timeout;  // `ConnTO`, for each address; likewise for TLS
  mutable log::Occasional tls_line;    // says that TLS failed
  mutable log::Occasional last_line;   // says that it stays in use, as the last one of a service
  // Whether its share may be anything else than none or all of its weight.
  const bool has_phases;
  // The lists of services (Backends, Emergency) that have it. Only of a backend with `Eject`.
  std::vector<const std::vector<std::size_t>*> lists;

 private:
  Addresses addresses_;
  unsigned turn_;  // at first `first_turn`, which differs between workers
};

// All backends of the configuration, in its order.
class Backends {
 public:
  void add(std::unique_ptr<Backend> backend) { list_.push_back(std::move(backend)); }
  Backend& operator[](std::size_t index) const { return *list_[index]; }
  std::size_t size() const { return list_.size(); }

  // Tells each backend that may be ejected which lists of services have it. `config` outlives the
  // backends.
  void find_lists(const conf::Config& config);

  // Closes all idle connections to free their descriptors. False when there was none.
  bool close_idle();

 private:
  std::vector<std::unique_ptr<Backend>> list_;
};

}  // namespace worker::backend
