// A client whose balancer sends a header first: see proxied_connection.h.
#include "worker/client/proxied_connection.h"

#include <optional>
#include <utility>

#include "worker/client/client_set.h"
#include "worker/client/connection_record.h"
#include "worker/client/context.h"
#include "worker/client/http1_connection.h"

namespace worker::client {

ProxiedConnection::ProxiedConnection(Context& context, route::Listener& listener,
                                     net::UniqueFd socket, Peer peer)
    : context_(context),
      listener_(listener),
      endpoint_(std::move(socket)),
      deadline_([](void* self) { static_cast<ProxiedConnection*>(self)->on_deadline(); }, this),
      peer_(std::move(peer)) {}

void ProxiedConnection::start() {
  // For the whole header, however its bytes trickle in.
  deadline_.start(listener_.client_timeout, net::EventLoop::now_ms());
  const auto callback = [](void* self, short what) {
    static_cast<ProxiedConnection*>(self)->on_event(what);
  };
  if (!endpoint_.watch(context_.loop, callback, this)) close();
}

// A request may be under way behind the header. It will be answered, with Connection: close.
void ProxiedConnection::drain() {
  if (state_ == State::closed) return;
  const bool is_patient = context_.clients.mode() != ClientSet::Mode::draining;
  deadline_.start(is_patient ? context_.patience() : context_.newcomer_timeout,
                  net::EventLoop::now_ms());
}

void ProxiedConnection::cut_off(std::string_view) { close(); }

void ProxiedConnection::on_event(short what) {
  if (endpoint_.take_event(what) == 0 || state_ == State::closed) return;
  context_.activity.set(shm::Activity::read_head, listener_.heritage.row);
  char* const buffer = context_.buffer.data();
  const tls::IoResult result = endpoint_.stream().peek(buffer, net::kMaxProxyHeader);
  net::ProxyHeader header;
  if (result.status == tls::IoStatus::would_block) return;
  if (result.status == tls::IoStatus::ok) {
    header = net::parse_proxy_header({buffer, result.size});
    state_ = State::reading;
  }
  switch (header.verdict) {
    case net::ProxyHeader::Verdict::complete:
      return become_http1(header);
    case net::ProxyHeader::Verdict::bad:
      return refuse(400, "proxy_header", header.why);
    case net::ProxyHeader::Verdict::incomplete:
      if (result.status == tls::IoStatus::ok && !has_left()) return;
      if (state_ == State::silent) return close();
      return refuse(log::kStatusClientGone, "proxy_header", "ends too early");
  }
}

// Unread bytes hide the end of stream, and a reset.
bool ProxiedConnection::has_left() const {
  return endpoint_.peer_closed() || endpoint_.stream().pending_error() != 0;
}

// While clients are to leave, Pound ends a connection that has not come to a request, and no peer
// is to blame.
void ProxiedConnection::on_deadline() {
  if (context_.clients.ends_connections()) return close();
  refuse(408, "proxy_header_timeout", "did not come in time");
}

// Whether a proxy is trusted, and whether a client may enter, is judged by the address of the
// header.
void ProxiedConnection::become_http1(const net::ProxyHeader& header) {
  std::optional<Peer> client(std::move(peer_));
  if (header.source) client = enter(context_, listener_, *header.source);
  if (!client) return close();
  const tls::IoResult taken = endpoint_.read(context_.buffer.data(), header.size);
  if (taken.size != header.size) return close();  // the connection was reset meanwhile
  deadline_.stop();
  state_ = State::closed;
  auto next = std::make_unique<Http1Connection>(context_, listener_, endpoint_.release(),
                                                std::move(*client));
  Http1Connection& started = *next;
  context_.clients.replace(*this, std::move(next));
  if (context_.clients.is_draining()) started.drain();
}

// One access record, and the details at detail 1.
void ProxiedConnection::refuse(int status, std::string_view reason, std::string_view why) {
  write_connection_record(context_, listener_,
                          {.client_ip = peer_.ip, .status = status, .reason = reason});
  if (context_.log.detail() >= 1) {
    context_.log.write(log::Severity::info, "listener " + listener_.name +
                                                ": the PROXY header of " + peer_.ip + " " +
                                                std::string(why));
  }
  close();
}

void ProxiedConnection::close() {
  if (state_ == State::closed) return;
  state_ = State::closed;
  deadline_.stop();
  endpoint_.close();
  context_.clients.dismiss(*this);
}

}  // namespace worker::client
