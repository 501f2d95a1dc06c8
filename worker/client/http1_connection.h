// The keep-alive loop of one client that speaks HTTP/1, over plain TCP or TLS.
//
// Owns its end of the connection and, while a request is in flight, the exchange. An idle client
// owns no buffer and no exchange, but may own a backend connection that belongs to it alone. Reads
// and parses request heads; whatever follows a head is the business of the exchange. Destroyed only
// through EventLoop::dispose.
//
//                 bytes             head complete            serve() returns
//   fresh, idle ─────────► reading ───────────────► starting ───────────────► exchanging
//      ▲  │                  │  ▲                      │ exchange ended          │ exchange ended
//      │  │ deadline         │  │ next head            ▼                         ▼
//      │  ▼                  │  └──────────── idle, pipelined (bytes of the next request are here)
//      │ closed ◄──────┐     └─ deadline: 408, as a head that is complete
//      └── kept        └── lingering ◄── the client may still be sending when it is to be closed
//
// A client that turns out to speak HTTP/2 goes on as an Http2Connection, which takes its place.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "worker/backend/pinned.h"
#include "worker/client/client_connection.h"
#include "worker/client/entry.h"
#include "worker/client/http1_exchange.h"
#include "worker/client/linger.h"
#include "worker/net/deadline.h"
#include "worker/net/endpoint.h"
#include "worker/net/event.h"
#include "worker/route/listener.h"

namespace worker::client {

struct Context;

class Http1Connection final : public ClientConnection {
 public:
  // Takes over a connected, non-blocking stream of a client that was let in.
  Http1Connection(Context& context, route::Listener& listener, net::Stream stream, Peer peer);
  ~Http1Connection() override;

  void start() override;
  void drain() override;
  bool is_idle() const override;
  void cut_off(std::string_view reason) override;

  // --- for the exchange
  Context& context() { return context_; }
  net::Endpoint& endpoint() { return endpoint_; }
  const net::Endpoint& endpoint() const { return endpoint_; }
  route::Listener& listener() { return listener_; }
  const std::string& peer_ip() const { return ip_; }
  std::uint16_t peer_port() const { return peer_port_; }
  bool peer_is_trusted() const { return peer_is_trusted_; }
  // Keeps bytes that were read but belong to a later request.
  void keep(std::string_view bytes);
  // The bytes that were kept, which belong to a tunnel instead.
  std::string take_kept();
  // The backend connection that was authenticated for this client.
  std::unique_ptr<backend::PinnedUpstream>& pinned() { return pinned_; }
  void exchange_ended(After after);

 private:
  enum class State : std::uint8_t {
    fresh,       // nothing of a request has come yet
    idle,        // between two requests
    reading,     // a part of a head is here
    pipelined,   // bytes behind the last request are here, perhaps a whole head
    starting,    // serve() has begun an exchange, and is on the stack
    exchanging,  // a request is in flight
    lingering,   // all is said; what the client still sends is dropped
    closed,
  };
  // What no idle client has, so that it is not in the connection itself (0.9 of the memory of an
  // idle client).
  struct Pending {
    std::string bytes;        // an incomplete head, or pipelined requests
    std::size_t scanned = 0;  // how far http::parse_request_head has looked at them
    std::optional<Linger> linger;
  };

  void on_event(short what);
  void on_deadline();
  void serve();
  void begin_exchange(const http::Refusal& refusal, char* buffer, std::size_t size);
  std::size_t read_more(std::size_t have);
  enum class Answer : std::uint8_t { no, maybe, yes };
  Answer begins_http2(std::string_view bytes) const;
  void become_http2(std::string_view bytes);
  bool may_be_reset() const;
  void go_idle();
  void linger();
  void close();

  // handshake.cc: what becomes of a client that never came to a request
  void handshake_failed(int error);
  void handshake_timed_out();
  void record_handshake(int status, std::string_view reason, std::string_view details,
                        std::size_t body_bytes = 0);

  State state_ = State::fresh;  // this and the next three share a word with the index in
  bool has_asked_ : 1 = false;  // ClientConnection. It has asked, so it speaks HTTP/1
  bool peer_is_trusted_ : 1;
  std::uint16_t peer_port_;
  Context& context_;
  route::Listener& listener_;
  net::Endpoint endpoint_;
  net::Deadline deadline_;
  std::unique_ptr<Http1Exchange> exchange_;
  std::unique_ptr<Pending> pending_;
  std::unique_ptr<backend::PinnedUpstream> pinned_;
  std::string ip_;
};

}  // namespace worker::client
