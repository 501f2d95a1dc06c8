// A client behind a TCP balancer, until the balancer has said who the client is.
//
// For connections from trusted peers to a listener with `ProxyProtocol`. Waits for the header
// (net/proxy_header.h), takes it off the socket, and lets an Http1Connection take its place under
// the client's address, if that may enter: TLS, HTTP/1 and HTTP/2 begin behind the header and know
// nothing of it. The header stays in the socket until it is whole, so a balancer that sends a part
// of it costs no memory here. Ends a connection without a valid header, with one access record and
// no answer. A peer that closes before its first byte, as a simple health check does, leaves no
// record. Destroyed only through EventLoop::dispose.
#pragma once

#include <cstdint>
#include <string_view>

#include "worker/client/client_connection.h"
#include "worker/client/entry.h"
#include "worker/net/deadline.h"
#include "worker/net/endpoint.h"
#include "worker/net/proxy_header.h"
#include "worker/route/listener.h"

namespace worker::client {

struct Context;

class ProxiedConnection final : public ClientConnection {
 public:
  // Takes over a connected, non-blocking socket of a trusted peer.
  ProxiedConnection(Context& context, route::Listener& listener, net::UniqueFd socket, Peer peer);

  void start() override;
  void drain() override;
  bool is_idle() const override { return true; }
  void cut_off(std::string_view reason) override;

 private:
  enum class State : std::uint8_t {
    silent,   // nothing has come yet
    reading,  // a part of the header is in the socket
    closed,
  };

  void on_event(short what);
  bool has_left() const;
  void on_deadline();
  void become_http1(const net::ProxyHeader& header);
  void refuse(int status, std::string_view reason, std::string_view why);
  void close();

  State state_ = State::silent;
  Context& context_;
  route::Listener& listener_;
  net::Endpoint endpoint_;
  net::Deadline deadline_;
  Peer peer_;
};

}  // namespace worker::client
