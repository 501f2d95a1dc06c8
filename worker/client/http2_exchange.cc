// One request over HTTP/2 and the way its response goes back: see http2_exchange.h.
#include "worker/client/http2_exchange.h"

#include <utility>

#include "worker/client/context.h"
#include "worker/client/http2_connection.h"
#include "worker/http2/response_block.h"

namespace worker::client {

using transaction::BodyData;
using transaction::BodyPart;

namespace {

BodyPart refused(const http::Refusal& refusal) {
  return {.status = BodyPart::Status::refused, .data = {}, .refusal = refusal, .excerpt = {}};
}

BodyPart no_more(BodyPart::Status status) {
  return {.status = status, .data = {}, .refusal = {}, .excerpt = {}};
}

}  // namespace

transaction::RequestStart Http2Exchange::begin(Http2Connection& connection) {
  connection_ = &connection;
  now_ = {};
  trailer_lines_.clear();
  const tls::Session* const tls = connection.endpoint().stream().tls();
  return {.listener = connection.listener(),
          .peer_ip = connection.peer_ip(),
          .tls = tls != nullptr ? tls->ssl() : nullptr,
          .head = connection.context().request_head,
          .peer_is_trusted = connection.peer_is_trusted(),
          .peer_port = connection.peer_port()};
}

void Http2Exchange::start(Http2Connection& connection) { transaction_.start(begin(connection)); }

void Http2Exchange::start_refused(Http2Connection& connection, const http::Refusal& refusal) {
  const transaction::RequestStart start = begin(connection);
  now_.is_malformed = http::is_malformed(refusal.reason);
  transaction_.start_refused(start, refusal);
}

// --- the request

BodyPart Http2Exchange::accept(const http::RequestFacts& facts, std::uint64_t most_body) {
  now_.body = facts.body;
  now_.most_body = most_body;
  now_.is_head = facts.is_head;
  now_.is_whole = client_has_ended() || facts.body.kind == http::Framing::Kind::none;
  return {};
}

BodyPart Http2Exchange::read_body(char* buffer, std::size_t size) {
  if (state == State::closed) return no_more(BodyPart::Status::gone);
  const std::size_t part = connection_->session().read(*this, buffer, size);
  if (part != 0) connection_->touch();  // windows may be given back
  now_.received += part;
  const bool is_end = client_has_ended() && unread() == 0;
  if (part == 0 && !is_end) return {};
  if (is_tunnel) {
    if (part == 0) return no_more(BodyPart::Status::end);
  } else {
    http::Refusal refusal = judge_length(is_end);
    if (is_end && !refusal) refusal = now_.trailer_refusal;
    now_.is_malformed = http::is_malformed(refusal.reason);
    if (refusal) {
      connection_->session().charge(http2::Budget::kFault);
      return refused(refusal);
    }
    now_.is_whole = is_end;
  }
  return {.status = BodyPart::Status::data, .data = {buffer, part}, .refusal = {}, .excerpt = {}};
}

// RFC 9113 8.1.1: the bytes that came against those that were announced.
http::Refusal Http2Exchange::judge_length(bool is_end) const {
  if (now_.body.kind == http::Framing::Kind::length) {
    const bool differs =
        now_.received > now_.body.length || (is_end && now_.received != now_.body.length);
    if (differs) return {http::Reason::h2_content_length};
  } else if (now_.received > now_.most_body) {
    return {http::Reason::body_too_long};
  }
  return {};
}

void Http2Exchange::take_trailer(std::string lines, const http::Refusal& refusal) {
  trailer_lines_ = std::move(lines);
  now_.trailer_refusal = refusal;
}

void Http2Exchange::read_later() { connection_->read_later(*this); }

// --- the response

void Http2Exchange::send_interim(const http::ResponseHead& head) {
  Context& context = connection_->context();
  context.block.clear();
  http2::encode_interim(context.encoder, head, context.block);
  connection_->session().send_head(*this, context.block, false);
  connection_->touch();
}

void Http2Exchange::send_head(const transaction::ResponseStart& start, const BodyData& first) {
  Context& context = connection_->context();
  context.block.clear();
  http2::encode_response(context.encoder, start.head,
                         {.body = start.body,
                          .added = {.head_add = start.added, .hsts = connection_->listener().hsts},
                          .date = context.date()},
                         context.block);
  const bool has_no_body = first.is_last && first.data.empty() && first.trailer.empty();
  connection_->session().send_head(*this, context.block, has_no_body);
  if (has_no_body) return connection_->touch();
  send_body(first);
}

void Http2Exchange::send_body(const BodyData& part) {
  Context& context = connection_->context();
  context.block.clear();
  if (!part.trailer.empty()) http2::encode_trailer(context.encoder, part.trailer, context.block);
  connection_->session().send_body(*this, part.data, part.is_last, context.block);
  connection_->touch();
}

std::size_t Http2Exchange::send_answer(const http::Answer& answer, bool /*refused*/) {
  if (now_.is_malformed) return 0;  // end() resets the stream
  Context& context = connection_->context();
  context.block.clear();
  http2::encode_answer(context.encoder, answer, connection_->listener().hsts, context.date(),
                       context.block);
  const std::string_view page = now_.is_head ? std::string_view() : answer.page;
  connection_->session().send_head(*this, context.block, page.empty());
  if (!page.empty()) connection_->session().send_body(*this, page, true, {});
  connection_->touch();
  return page.size();
}

void Http2Exchange::become_tunnel(const http::ResponseHead& head, std::string_view first) {
  is_tunnel = true;
  now_.is_whole = false;
  Context& context = connection_->context();
  context.block.clear();
  http2::encode_tunnel(context.encoder, head, context.date(), context.block);
  connection_->session().send_head(*this, context.block, false);
  if (!first.empty()) connection_->session().send_body(*this, first, false, {});
  connection_->touch();
}

void Http2Exchange::end_tunnel_output() {
  connection_->session().send_body(*this, {}, true, {});
  connection_->touch();
}

std::size_t Http2Exchange::read_size() const { return connection_->session().room(*this); }

void Http2Exchange::expect_silence() { connection_->endpoint().stream().probe_peer(); }

http2::ErrorCode Http2Exchange::code_of(End how) const {
  if (now_.is_malformed) return http2::ErrorCode::protocol_error;
  // RFC 8441 5: this stands for the reset of a TCP connection.
  if (is_tunnel) return http2::ErrorCode::cancel;
  // All was said, and the client need not send the rest of its request.
  if (server_has_ended()) return http2::ErrorCode::no_error;
  return how == End::cut_off ? http2::ErrorCode::cancel : http2::ErrorCode::internal_error;
}

void Http2Exchange::end(End how) {
  Http2Connection& connection = *connection_;
  connection_ = nullptr;
  pinned_.reset();
  // A client that lets its responses wait until they are given up must not go on like this.
  const bool is_given_up = how == End::cut_off && state != State::closed && !server_has_ended();
  connection.session().close(*this, code_of(how));
  if (is_given_up) connection.session().charge(http2::Budget::kReset);
  connection.exchange_ended(*this);
}

}  // namespace worker::client
