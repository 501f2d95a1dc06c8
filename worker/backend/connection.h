// One connection to a backend: connecting, serving a transaction, or idle.
//
// Owns its endpoint, its deadline, and the bytes of an incomplete response head. It has one user at
// a time: a transaction, a pool, a pinned place or a probe. The user gets every event and starts
// and stops the deadline. When the queue of a Unix socket is full, the connection tries again every
// few milliseconds, until its user gives up. Destroyed only through EventLoop::dispose, because its
// methods may be on the stack when its user drops it. A failed connect is an errno; later failures
// are results of the stream.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "shm/backend_table.h"
#include "worker/net/address.h"
#include "worker/net/deadline.h"
#include "worker/net/endpoint.h"
#include "worker/net/event.h"

namespace worker::backend {

class UpstreamConnection;

// The user of a connection. A callback may close and dispose of the connection.
class UpstreamUser {
 public:
  virtual void on_upstream_event(UpstreamConnection& upstream) = 0;
  virtual void on_upstream_deadline(UpstreamConnection& upstream) = 0;

 protected:
  ~UpstreamUser() = default;
};

class UpstreamConnection final : public net::Disposable {
 public:
  explicit UpstreamConnection(net::EventLoop& loop);
  ~UpstreamConnection() override;

  // Starts to connect. Returns 0, or the errno of an immediate failure.
  int connect(const net::SocketAddress& address);
  shm::AddressKey address() const { return address_; }  // that it leads to
  bool connecting() const { return state_ != State::connected; }
  // The backend listens, but its queue is full: still connecting().
  bool queue_is_full() const { return state_ == State::waiting; }
  // Call this after an event while connecting(). Returns 0 when the connection is established,
  // EINPROGRESS while it is not, else the errno of the failure.
  int connect_result();

  // Sends a header of the PROXY protocol, before anything else on this connection. A failure shows
  // when the connection is used.
  void announce(std::string header);
  // Starts TLS on the established connection. `group` outlives it.
  void secure(tls::SessionGroup& group) { stream().secure(group); }
  // Whether nothing has come on an idle connection but TLS's own messages, which are read.
  bool is_quiet();

  void set_user(UpstreamUser& user) { user_ = &user; }
  net::Endpoint& endpoint() { return endpoint_; }
  net::Stream& stream() { return endpoint_.stream(); }
  net::Deadline& deadline() { return deadline_; }
  // Closes the socket. No event follows; pass the object to EventLoop::dispose.
  void close();

  bool reused = false;       // has served a transaction before
  bool is_personal = false;  // the backend has authenticated it for one client, or has begun to
  std::string announced;     // the header that announce() has sent: it speaks for one client
  std::string head_bytes;    // of an incomplete response head
  std::size_t scanned = 0;   // bytes of it that http::parse_response_head has scanned

 private:
  enum class State : std::uint8_t { connected, connecting, waiting };
  struct Waiting;

  int use(net::UniqueFd fd);
  void try_again();
  void on_event(short what);

  net::EventLoop& loop_;
  UpstreamUser* user_ = nullptr;
  net::Endpoint endpoint_;
  net::Deadline deadline_;
  shm::AddressKey address_ = 0;
  State state_ = State::connected;
  std::unique_ptr<Waiting> waiting_;
};

}  // namespace worker::backend
