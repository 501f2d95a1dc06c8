// One live connection to a backend: connecting, serving a transaction, or idle in a pool.
//
// Owns its end of the connection and what has arrived of a response head. It has one user at a
// time, a transaction, a pool or a probe, which gets every event. Destroyed only through
// EventLoop::dispose, since its methods may be on the stack when a user gives it up.
#pragma once

#include <cstdint>
#include <string>

#include "worker/net/address.h"
#include "worker/net/deadline.h"
#include "worker/net/endpoint.h"
#include "worker/net/event.h"

namespace worker::backend {

class UpstreamConnection;

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

  // Begins to connect. 0, or the errno of a failure that is known at once.
  int connect(const net::SocketAddress& address);
  bool connecting() const { return connecting_; }
  // After an event while connecting: 0 when connected, EINPROGRESS when not yet, else the errno.
  int connect_result();

  void set_user(UpstreamUser& user) { user_ = &user; }
  net::Endpoint& endpoint() { return endpoint_; }
  net::Stream& stream() { return endpoint_.stream(); }
  // Started and stopped by the user of the moment.
  net::Deadline& deadline() { return deadline_; }
  // No event comes any more; what is left is to be disposed of.
  void close();

  bool reused = false;      // has served a transaction before
  std::string head_bytes;   // of a response head that is not complete yet
  std::size_t scanned = 0;  // how far http::parse_response_head has looked at them

 private:
  void on_event(short what);

  net::EventLoop& loop_;
  UpstreamUser* user_ = nullptr;
  net::Endpoint endpoint_;
  net::Deadline deadline_;
  bool connecting_ = false;
};

}  // namespace worker::backend
