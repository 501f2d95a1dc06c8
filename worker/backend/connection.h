// One live connection to a backend: connecting, serving a transaction, or idle in a pool.
//
// Owns its socket, its registration with the loop and what has arrived of a response head. It has
// one user at a time, a transaction or the pool, to which every event goes. Ended only through
// EventLoop::dispose.
#pragma once

#include <cstdint>
#include <string>

#include "worker/net/address.h"
#include "worker/net/deadline.h"
#include "worker/net/event.h"
#include "worker/net/stream.h"

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
  net::Stream& stream() { return stream_; }
  net::Deadline& deadline() { return deadline_; }

  // Reads as Stream does, and keeps `readable` true to what is known of the socket.
  tls::IoResult read(char* buffer, std::size_t size);
  bool readable() const { return readable_; }
  bool peer_closed() const { return peer_closed_; }
  // Nothing more is expected after a read that did not fill its buffer: the socket is empty then,
  // and its next bytes will be an event.
  void settle() { readable_ = peer_closed_; }
  void raise_again() { event_.raise_again(); }
  void want_write(bool wanted);
  // No event comes any more; what is left is to be disposed of.
  void close();

  bool reused = false;      // has served a transaction before
  std::string head_bytes;   // of a response head that is not complete yet
  std::size_t scanned = 0;  // how far http::parse_response_head has looked at them

 private:
  void on_event(short what);

  net::EventLoop& loop_;
  UpstreamUser* user_ = nullptr;
  net::Stream stream_;
  net::FdEvent event_;
  net::FdEvent write_event_;
  net::Deadline deadline_;
  bool connecting_ = false;
  bool readable_ = false;
  bool peer_closed_ = false;
};

}  // namespace worker::backend
