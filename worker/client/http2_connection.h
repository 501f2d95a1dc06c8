// One client that speaks HTTP/2, over TLS or plain TCP.
//
// Owns its end of the connection, the session (http2/session.h) and the exchanges of the requests
// in flight. Reads frames into the worker's buffer and keeps only what is not a whole frame yet.
// What its exchanges say during a turn of the loop leaves in one write, at the end of the turn
// (flush()). Destroyed only through EventLoop::dispose.
//
//   open ──► ending ──► lingering ──► closed
//    │ a fault, the end of the time, or nothing more to do: GOAWAY waits for the socket
//    └──────────────────────────────► closed: the client has gone
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "worker/client/client_connection.h"
#include "worker/client/entry.h"
#include "worker/client/http2_exchange.h"
#include "worker/client/linger.h"
#include "worker/http2/hpack.h"
#include "worker/http2/session.h"
#include "worker/net/deadline.h"
#include "worker/net/endpoint.h"
#include "worker/route/listener.h"

namespace worker::client {

struct Context;

class Http2Connection final : public ClientConnection, private http2::SessionUser {
 public:
  // Takes over a connection. `first`: what was read from it already.
  Http2Connection(Context& context, route::Listener& listener, net::Stream stream, Peer peer,
                  std::string_view first);
  ~Http2Connection() override;

  void start() override;
  void drain() override;
  bool is_idle() const override { return !session_.has_streams(); }
  void cut_off(std::string_view reason) override;

  // Sends what waits. Called at the end of a turn in which touch() was.
  void flush();
  // flush() has to be called again, in the next turn.
  void flush_later() { endpoint_.reschedule(); }

  // --- for an exchange
  Context& context() { return context_; }
  net::Endpoint& endpoint() { return endpoint_; }
  route::Listener& listener() { return listener_; }
  const std::string& peer_ip() const { return ip_; }
  std::uint16_t peer_port() const { return peer_port_; }
  bool peer_is_trusted() const { return peer_is_trusted_; }
  http2::Session& session() { return session_; }
  // Something was said, or has ended: flush() is to be called.
  void touch();
  // Calls the exchange back in the next turn.
  void read_later(Http2Exchange& exchange);
  void exchange_ended(Http2Exchange& exchange);

 private:
  enum class State : std::uint8_t { open, ending, lingering, closed };
  // What the deadline is for.
  enum class Wait : std::uint8_t {
    nothing,
    pause,    // no stream has been open for a moment
    request,  // no stream is open
    frame,    // a part of a frame is here
    room,     // the client does not take what waits for it
    linger,
  };

  // http2_connection.cc
  void on_event(short what);
  void on_readable();
  void read_frames();
  bool read_more(std::size_t& size);
  void on_deadline();
  bool write_out();
  void settle();
  void announce_end();
  void settle_deadline();
  void wait(Wait what);
  bool has_finished() const;
  void end_for_failure();
  void cut_off_exchanges(std::string_view reason);
  void linger();
  void close();

  // http2_requests.cc: what the session tells
  void on_request(std::uint32_t id, std::string_view block, bool is_ended) override;
  void on_trailer(http2::Stream& stream, std::string_view block) override;
  void on_ignored_block(std::string_view block) override;
  void on_body(http2::Stream& stream) override;
  void on_reset(http2::Stream& stream) override;
  void on_drained(http2::Stream& stream) override;
  bool grant(std::size_t bytes) override;
  void give_back_grant(std::size_t bytes) override;
  void on_output_full() override;
  bool has_tunnel() const;
  void lose_table();

  State state_ = State::open;  // shares a word with the index in ClientConnection
  Wait wait_ = Wait::nothing;
  bool is_touched_ = false;
  bool peer_is_trusted_;
  std::uint16_t peer_port_;
  Context& context_;
  route::Listener& listener_;
  net::Endpoint endpoint_;
  net::Deadline deadline_;
  std::string ip_;
  std::string pending_;  // the beginning of a frame
  http2::Session session_;
  http2::Decoder decoder_;
  std::vector<std::unique_ptr<Http2Exchange>> exchanges_;
  std::vector<Http2Exchange*> readers_;  // to be called back
  std::optional<Linger> linger_;
};

}  // namespace worker::client
