// One request and its response, the backend's side: see transaction.h.
#include <cerrno>
#include <cstring>

#include "shm/segment.h"
#include "worker/http/http1_writer.h"
#include "worker/transaction/transaction.h"

namespace worker::transaction {

namespace {

// Failures of this machine, which say nothing about the backend.
bool is_local_failure(int error) {
  switch (error) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EADDRNOTAVAIL:
    case EAGAIN:
      return true;
    default:
      return false;
  }
}

shm::DeadReason dead_reason(int error) {
  switch (error) {
    case ECONNREFUSED:
      return shm::DeadReason::refused;
    case ETIMEDOUT:
      return shm::DeadReason::timeout;
    case ECONNRESET:
      return shm::DeadReason::reset;
    case EHOSTUNREACH:
    case ENETUNREACH:
      return shm::DeadReason::unreachable;
    default:
      return shm::DeadReason::other;
  }
}

}  // namespace

Transaction::Flow Transaction::connect() {
  heard_upstream_ = false;
  // What could not be sent a second time does not go out on a connection that the backend may just
  // be closing.
  if (facts_.repeatable && !fresh_only_) {
    upstream_ = backend_->pool.take();
    if (upstream_) {
      upstream_->set_user(*this);
      return go(Step::send_head);
    }
  }
  next_address_ = 0;
  return connect_next_address(EHOSTUNREACH);
}

Transaction::Flow Transaction::connect_next_address(int last_error) {
  const std::vector<net::SocketAddress>& addresses = backend_->heritage.addresses;
  while (next_address_ < addresses.size()) {
    upstream_ = std::make_unique<backend::UpstreamConnection>(worker_.loop);
    upstream_->set_user(*this);
    const net::SocketAddress& address = addresses[next_address_++];
    last_error = upstream_->connect(address);
    const bool no_descriptor = last_error == EMFILE || last_error == ENFILE;
    if (no_descriptor && worker_.close_idle_upstreams()) last_error = upstream_->connect(address);
    if (last_error == 0) {
      if (!upstream_->connecting()) return go(Step::send_head);
      upstream_->deadline().start(backend_->connect_timeout, net::EventLoop::now_ms());
      return Flow::wait;
    }
    drop_upstream();
    if (is_local_failure(last_error)) return fail(503, "no_local_resources");
  }
  return backend_failed(last_error);
}

// It could not be connected to, so nothing was sent: another backend of the service may serve.
Transaction::Flow Transaction::backend_failed(int error) {
  worker_.segment.backends().count_failure(backend_->heritage.row, worker_.heritage.row);
  mark_dead(dead_reason(error), std::strerror(error));
  release_backend_slot();
  ++attempts_;
  return go(Step::pick_backend);
}

void Transaction::mark_dead(shm::DeadReason reason, std::string_view why) {
  if (worker_.segment.backends().mark_dead(backend_->heritage.row, reason,
                                           net::EventLoop::now_ms())) {
    worker_.log.write(log::Severity::warning,
                      "backend " + backend_->title() + " is dead: " + std::string(why));
  }
}

void Transaction::note_heard() {
  heard_upstream_ = true;
  worker_.segment.backends().note_heard(backend_->heritage.row, net::EventLoop::now_ms());
}

void Transaction::note_response_time() {
  worker_.segment.backends().count_response_time(backend_->heritage.row, worker_.heritage.row,
                                                 worker_.loop.turn_us() - sent_us_);
}

void Transaction::mark_dead_if_silent(shm::DeadReason reason, std::string_view why) {
  // A single slow or deadly request is no reason to take a backend from all the others.
  const std::uint64_t heard = worker_.segment.backends().last_heard_ms(backend_->heritage.row);
  if (!heard_upstream_ && heard + shm::kHeardStepMs < sent_ms_) mark_dead(reason, why);
}

Transaction::Flow Transaction::send_head() {
  sent_ms_ = net::EventLoop::now_ms();
  sent_us_ = worker_.loop.turn_us();
  request_.flush(upstream_->stream(), request_head_);
  worker_.segment.backends().count_request(backend_->heritage.row, worker_.heritage.row);
  return go(Step::relay);
}

// The backend's stream is at its end, orderly or not, before the response is.
Transaction::Flow Transaction::upstream_ended(const tls::IoResult& result) {
  const bool is_orderly = result.status == tls::IoStatus::closed;
  if (response_begun_) {
    if (is_orderly) response_.source_closed(&client_->stream());
    if (!response_.source_done())
      return fail(502, is_orderly ? "backend_truncated" : "backend_reset");
    upstream_done(true);
    return Flow::wait;
  }
  if (!heard_upstream_ && upstream_->reused && facts_.repeatable) {
    // It was closing while we sent: not an answer to this request.
    drop_upstream();
    fresh_only_ = true;
    request_.start({}, false);
    return go(Step::connect);
  }
  worker_.segment.backends().count_failure(backend_->heritage.row, worker_.heritage.row);
  if (!is_orderly) mark_dead_if_silent(shm::DeadReason::reset, "connection reset");
  return fail(502, is_orderly ? "backend_closed" : "backend_reset");
}

Transaction::Flow Transaction::take_response(char* data, std::size_t size) {
  if (response_begun_) return pass_body({}, data, size);
  while (size != 0) {
    http::ResponseHead& head = worker_.response_head;
    http::Refusal refusal;
    const http::ParseStatus status =
        http::parse_response_head({data, size}, upstream_->scanned, head, refusal);
    if (status == http::ParseStatus::incomplete) {
      upstream_->head_bytes.assign(data, size);
      return Flow::wait;
    }
    upstream_->scanned = 0;
    upstream_->head_bytes.clear();
    if (!refusal) refusal = http::judge_response(head, facts_, response_facts_);
    if (!refusal && response_facts_.is_interim && ++interims_ > http::kMaxInterims) {
      refusal.reason = http::Reason::response_interims_many;
    }
    if (refusal) {
      worker_.segment.backends().count_failure(backend_->heritage.row, worker_.heritage.row);
      return refuse_response(refusal, http::excerpt(head.bytes, refusal.offset));
    }
    data += head.size;
    size -= head.size;
    if (!response_facts_.is_interim) note_response_time();
    if (response_facts_.switches) return begin_tunnel(data, size);
    if (!response_facts_.is_interim) return begin_response(data, size);
    if (!facts_.is_http10) {
      worker_.head_text.clear();
      http::write_interim_head(head, worker_.head_text);
      response_.take(&client_->stream(), worker_.head_text, nullptr, 0);
    }
  }
  return Flow::wait;
}

Transaction::Flow Transaction::refuse_response(const http::Refusal& refusal,
                                               std::string_view excerpt) {
  note_refusal("response of backend " + backend_->title(), refusal, excerpt);
  return fail(502, http::info(refusal.reason).code);
}

Transaction::Flow Transaction::begin_response(char* rest, std::size_t size) {
  using Kind = http::Framing::Kind;
  const http::Framing& body = response_facts_.body;
  service_->affinity.learn(worker_.response_head, place_, net::EventLoop::now_ms());
  const bool has_no_length = body.kind == Kind::chunked || body.kind == Kind::until_close;
  const bool chunk_out = has_no_length && !facts_.is_http10;

  http::ResponseRewrite how;
  how.body = body;
  if (has_no_length) how.body.kind = chunk_out ? Kind::chunked : Kind::until_close;
  how.keep_alive = settle_client(how.body.kind != Kind::until_close);
  how.client_is_http10 = facts_.is_http10;
  how.added = {.head_add = backend_->heritage.head_add, .hsts = client_->listener().hsts};

  worker_.head_text.clear();
  http::write_response_head(worker_.response_head, how, worker_.head_text);
  record_.status = worker_.response_head.status;
  response_.start(body, chunk_out);
  response_.set_last(after_ != client::ClientConnection::After::keep_alive);
  response_begun_ = true;
  return pass_body(worker_.head_text, rest, size);
}

Transaction::Flow Transaction::pass_body(std::string_view head, char* data, std::size_t size) {
  const std::size_t taken = response_.take(&client_->stream(), head, data, size);
  if (response_.broken()) return refuse_response(response_.refusal(), response_.excerpt());
  if (response_.source_done()) upstream_done(taken != size);
  return Flow::wait;
}

// All of the response was read: the backend is free, however slowly the client reads.
void Transaction::upstream_done(bool has_excess) {
  // Behind a body comes no other request: a backend that reads its length otherwise than we do, or
  // not at all, would answer a part of it, and that answer would be the next client's.
  const bool sent_body =
      facts_.body.kind == http::Framing::Kind::chunked || facts_.body.length != 0;
  const bool is_reusable = !has_excess && !sent_body && request_.finished() &&
                           response_facts_.keep_alive && !request_.sink_failed() &&
                           !upstream_->peer_closed();
  if (is_reusable) {
    upstream_->want_write(false);
    upstream_->settle();
    backend_->pool.put(std::move(upstream_));
  } else {
    drop_upstream();
  }
  release_slots();
}

void Transaction::drop_upstream() {
  if (!upstream_) return;
  upstream_->close();
  worker_.loop.dispose(std::move(upstream_));
}

}  // namespace worker::transaction
