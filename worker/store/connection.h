// One connection to a store, or to a sentinel: commands go out, answers come back in their order.
//
// Commands are collected and leave together, in one write, when flush() is called. Never blocks.
// After a failure nothing is sent or received; the owner learns of it from on_failure(), which
// comes from the event loop, never from within send() or flush().
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "worker/backend/connection.h"
#include "worker/net/address.h"
#include "worker/net/event.h"
#include "worker/net/outbox.h"
#include "worker/store/replies.h"
#include "worker/tls/session_group.h"

namespace worker::store {

class ConnectionUser {
 public:
  // Commands may be sent from now on.
  virtual void on_connected() = 0;
  virtual void on_reply(Reply reply) = 0;
  // `why` is for the log, escaped. close() follows.
  virtual void on_failure(const std::string& why) = 0;

 protected:
  ~ConnectionUser() = default;
};

class Connection final : public backend::UpstreamUser {
 public:
  Connection(net::EventLoop& loop, ConnectionUser& user);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Connects, and makes TLS's handshake if there is a `group`, which outlives this. Any earlier
  // connection is closed.
  void open(const net::SocketAddress& address, tls::SessionGroup* group);
  void close();

  // The bytes of a command leave with the next flush().
  std::string& output() { return output_; }
  void flush();
  // Takes the answers that have arrived, without waiting for an event.
  void read();

  void on_upstream_event(backend::UpstreamConnection& upstream) override;
  void on_upstream_deadline(backend::UpstreamConnection&) override {}

 private:
  enum class State { closed, connecting, securing, open, failed };

  void connected();
  void secure();
  void take_answers();
  void fail(const std::string& why);
  void tell_failure();

  net::EventLoop& loop_;
  ConnectionUser& user_;
  State state_ = State::closed;
  tls::SessionGroup* group_ = nullptr;
  std::unique_ptr<backend::UpstreamConnection> upstream_;
  std::unique_ptr<Replies> replies_;
  std::string output_;
  net::Outbox outbox_;
  net::Timer failure_timer_;  // brings on_failure() from the loop
  std::string failure_;
};

}  // namespace worker::store
