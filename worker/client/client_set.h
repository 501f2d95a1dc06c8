// All clients of one worker, and how they end when the worker does.
//
// Owns the connections. A connection leaves through dismiss(), and is destroyed at the end of the
// turn.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "shm/standby.h"
#include "shm/worker_table.h"
#include "worker/client/client_connection.h"
#include "worker/net/event.h"
#include "worker/route/client_limit.h"

namespace worker::client {

class ClientSet {
 public:
  enum class Mode : std::uint8_t {
    serving,
    // The worker goes on, but each response ends its connection: another machine is to have the
    // clients. Those that ask nothing get a moment for one more request.
    standby,
    // The worker ends. Requests in flight finish. Clients that ask nothing get a while for one more
    // request, because it may be on its way.
    draining_patiently,
    // Requests in flight finish; clients that ask nothing are closed.
    draining,
  };

  // `row` is this worker's, which shows the number of clients. `standby` is that of the machine.
  ClientSet(net::EventLoop& loop, shm::WorkerTable& workers, shm::Row row,
            const shm::Standby& standby)
      : loop_(loop), workers_(workers), row_(row), standby_(standby) {}
  ClientSet(const ClientSet&) = delete;
  ClientSet& operator=(const ClientSet&) = delete;

  void adopt(std::unique_ptr<ClientConnection> client);
  // From now on `counted` counts `client`, or the connection that takes its place, until it ends.
  // Null: nothing counts it. Call it before adopt(), or while the client is here.
  void set_counted(const ClientConnection& client,
                   std::unique_ptr<route::CountedConnection> counted);
  // `next` takes the place of `client`, which ends after this turn, and starts.
  void replace(ClientConnection& client, std::unique_ptr<ClientConnection> next);
  // Ends `client` after this turn; while draining, the end of the last one stops the loop.
  void dismiss(ClientConnection& client);

  std::size_t size() const { return clients_.size(); }
  std::uint64_t left() const { return left_; }  // how many clients have left since the start

  Mode mode() const { return mode_ == Mode::serving && standby_.is_on() ? Mode::standby : mode_; }
  bool is_draining() const { return mode_ != Mode::serving; }  // the worker ends
  // Whether a response is the last one of its connection.
  bool ends_connections() const { return mode() != Mode::serving; }
  // May be called again, to lose patience. Stops the loop when there is no client.
  void drain(Mode mode);
  // To be called several times a second: when the machine has gone on standby, says so to all
  // clients, those that ask nothing included.
  void obey_standby();
  // Ends all clients for `reason`; returns how many of them were not idle.
  std::size_t cut_off(std::string_view reason);

 private:
  void drain_each();
  void show_count();

  net::EventLoop& loop_;
  shm::WorkerTable& workers_;
  shm::Row row_;
  const shm::Standby& standby_;
  Mode mode_ = Mode::serving;           // never standby, which is read where it is asked for
  std::uint64_t standby_since_ms_ = 0;  // which one the clients know of; 0: none
  std::uint64_t left_ = 0;
  std::vector<std::unique_ptr<ClientConnection>> clients_;
  // Apart from the clients, so that a client without a limit is not larger for it.
  std::unordered_map<const ClientConnection*, std::unique_ptr<route::CountedConnection>> counted_;
};

}  // namespace worker::client
