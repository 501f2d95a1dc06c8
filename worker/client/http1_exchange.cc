// One request over HTTP/1 and the way its response goes back: see http1_exchange.h.
#include "worker/client/http1_exchange.h"

#include <algorithm>

#include "worker/client/client_set.h"
#include "worker/client/context.h"
#include "worker/client/http1_connection.h"
#include "worker/http/http1_writer.h"

namespace worker::client {

using transaction::BodyData;
using transaction::BodyPart;

transaction::RequestStart Http1Exchange::begin(Http1Connection& connection) {
  connection_ = &connection;
  now_ = {};
  body_.start({});
  out_.clear();
  tunnel_start_.clear();
  const tls::Session* const tls = connection.endpoint().stream().tls();
  return {.listener = connection.listener(),
          .peer_ip = connection.peer_ip(),
          .tls = tls != nullptr ? tls->ssl() : nullptr,
          .head = connection.context().request_head,
          .peer_is_trusted = connection.peer_is_trusted(),
          .peer_port = connection.peer_port()};
}

void Http1Exchange::start(Http1Connection& connection, char* rest, std::size_t rest_size) {
  const transaction::RequestStart start = begin(connection);
  now_.rest = rest;
  now_.rest_size = rest_size;
  transaction_.start(start);
}

void Http1Exchange::start_refused(Http1Connection& connection, const http::Refusal& refusal) {
  transaction_.start_refused(begin(connection), refusal);
}

void Http1Exchange::start_too_late(Http1Connection& connection) {
  connection.context().request_head.clear();
  transaction_.start_too_late(begin(connection));
}

BodyPart Http1Exchange::accept(const http::RequestFacts& facts, std::uint64_t most_body) {
  now_.keep_alive = facts.keep_alive;
  now_.is_http10 = facts.is_http10;
  now_.is_head = facts.is_head;
  body_.start(facts.body, most_body);
  if (now_.rest_size == 0) return {};
  return take(now_.rest, now_.rest_size);
}

// What does not belong to the body belongs to a later request, or to a tunnel.
BodyPart Http1Exchange::take(char* data, std::size_t size) {
  const http::BodyReader::Taken taken = body_.take(data, size);
  if (body_.state() == http::BodyReader::State::refused) {
    return {.status = BodyPart::Status::refused,
            .data = {},
            .refusal = body_.refusal(),
            .excerpt = body_.excerpt()};
  }
  connection_->keep({data + taken.consumed, size - taken.consumed});
  return {.status = BodyPart::Status::data,
          .data = {data, taken.produced},
          .refusal = {},
          .excerpt = {}};
}

BodyPart Http1Exchange::read_body(char* buffer, std::size_t size) {
  if (!tunnel_start_.empty()) {
    const std::size_t part = tunnel_start_.copy(buffer, size);
    tunnel_start_.erase(0, part);
    return {.status = BodyPart::Status::data, .data = {buffer, part}, .refusal = {}, .excerpt = {}};
  }
  net::Endpoint& endpoint = connection_->endpoint();
  if (!endpoint.readable()) return {};
  const std::uint64_t wanted = std::min<std::uint64_t>(size, body_.most_left());
  const tls::IoResult result = endpoint.read(buffer, static_cast<std::size_t>(wanted));
  BodyPart part;
  switch (result.status) {
    case tls::IoStatus::would_block:
      break;
    case tls::IoStatus::ok:
      part = take(buffer, result.size);
      if (body_.is_whole() && result.drained) endpoint.mark_drained();
      break;
    case tls::IoStatus::closed:
      body_.end_of_stream();
      part.status = body_.is_whole() ? BodyPart::Status::end : BodyPart::Status::gone;
      break;
    case tls::IoStatus::failed:
      part.status = BodyPart::Status::gone;
      break;
  }
  return part;
}

void Http1Exchange::read_later() { connection_->endpoint().reschedule(); }

void Http1Exchange::send_interim(const http::ResponseHead& head) {
  if (now_.is_http10) return;  // RFC 9110 15.2
  std::string& text = connection_->context().text;
  text.clear();
  http::write_interim_head(head, text);
  send_text({});
}

void Http1Exchange::send_head(const transaction::ResponseStart& start, const BodyData& first) {
  using Kind = http::Framing::Kind;
  const bool has_no_length =
      start.body.kind == Kind::chunked || start.body.kind == Kind::until_close;
  if (has_no_length) now_.framing = now_.is_http10 ? Framing::by_close : Framing::in_chunks;

  http::ResponseRewrite how;
  how.body = start.body;
  if (has_no_length) how.body.kind = now_.is_http10 ? Kind::until_close : Kind::chunked;
  how.keep_alive = settle_connection();
  how.client_is_http10 = now_.is_http10;
  how.date = connection_->context().date();
  how.added = {.head_add = start.added, .hsts = connection_->listener().hsts};

  std::string& text = connection_->context().text;
  text.clear();
  http::write_response_head(start.head, how, text);
  send_text(first);
}

std::size_t Http1Exchange::send_answer(const http::Answer& answer, bool refused) {
  if (refused) now_.keep_alive = false;
  const bool keep = settle_connection();
  std::string& text = connection_->context().text;
  text.clear();
  http::write_answer(answer,
                     {.keep_alive = keep,
                      .client_is_http10 = now_.is_http10,
                      .to_head = now_.is_head,
                      .added = connection_->listener().hsts,
                      .date = connection_->context().date()},
                     text);
  send_text({.data = {}, .is_last = true});
  return now_.is_head ? 0 : answer.page.size();
}

void Http1Exchange::become_tunnel(const http::ResponseHead& head, std::string_view first) {
  now_.is_tunnel = true;
  body_.start({http::Framing::Kind::until_close, 0});
  tunnel_start_ = connection_->take_kept();
  std::string& text = connection_->context().text;
  text.clear();
  http::write_interim_head(head, text);
  send_text({.data = first});
}

void Http1Exchange::end_tunnel_output() { connection_->endpoint().stream().shutdown_write(); }

// Whether the connection is kept after this response, which then has to say so. A client that is
// still sending a body when its answer comes is not asked for the rest of it.
bool Http1Exchange::settle_connection() {
  const bool has_sent_all = body_.is_whole();
  const bool keep = now_.keep_alive && has_sent_all && now_.framing != Framing::by_close &&
                    !connection_->context().clients.ends_connections();
  now_.after = keep ? After::keep_alive : has_sent_all ? After::close : After::linger;
  return keep;
}

void Http1Exchange::send_body(const BodyData& part) {
  connection_->context().text.clear();
  send_text(part);
}

// Sends the worker's scratch text and a part of the body behind it.
void Http1Exchange::send_text(const BodyData& part) {
  const bool in_chunks = now_.framing == Framing::in_chunks;
  char chunk_header[http::kMaxChunkHeader];
  net::Pieces pieces;
  pieces.add(connection_->context().text);
  http::frame_body(
      {.in_chunks = in_chunks, .data = part.data, .is_last = part.is_last, .trailer = part.trailer},
      chunk_header, pieces);
  if (part.is_last) now_.is_sent = true;
  net::Endpoint& endpoint = connection_->endpoint();
  out_.send(&endpoint.stream(), pieces, closes_after());
  endpoint.want_write(out_.holds());
}

void Http1Exchange::on_writable() {
  net::Endpoint& endpoint = connection_->endpoint();
  if (out_.holds()) out_.flush(endpoint.stream(), {}, closes_after());
  endpoint.want_write(out_.holds());
  if (!out_.holds()) transaction_.on_client_writable();
}

std::size_t Http1Exchange::unsent() const {
  return out_.held() + connection_->endpoint().stream().unsent();
}

// Of a response, `Buffer` bounds what waits; of a tunnel, the reads do.
std::size_t Http1Exchange::read_size() const {
  return now_.is_tunnel ? out_.read_size() : net::kReadBufferSize;
}

bool Http1Exchange::is_gone() const { return connection_->endpoint().stream().has_failed(); }

bool Http1Exchange::has_ended() const { return connection_->endpoint().peer_closed(); }

void Http1Exchange::expect_silence() { connection_->endpoint().stream().probe_peer(); }

std::unique_ptr<backend::PinnedUpstream>& Http1Exchange::pinned() { return connection_->pinned(); }

After Http1Exchange::after(End how) const {
  // An orderly close would make a body look whole that ends by close.
  const bool looks_whole = now_.framing == Framing::by_close && !now_.is_sent;
  switch (how) {
    case End::whole:
      return now_.after;
    case End::truncated:
      return looks_whole ? After::abort : After::close;
    case End::refused:
      return looks_whole ? After::abort : After::linger;
    case End::cut_off:
      return looks_whole ? After::abort : After::close;
  }
  return After::abort;
}

void Http1Exchange::end(End how) {
  Http1Connection& connection = *connection_;
  connection_ = nullptr;
  if (out_.holds() || connection.endpoint().wants_write()) connection.endpoint().want_write(false);
  connection.exchange_ended(after(how));
}

}  // namespace worker::client
