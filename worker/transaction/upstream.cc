// One request and its response, the backend's side: see transaction.h.
#include <cerrno>
#include <cstring>

#include "worker/backend/connect_error.h"
#include "worker/tls/backend_context.h"
#include "worker/transaction/transaction.h"

namespace worker::transaction {

Transaction::Flow Transaction::connect() {
  enter(log::AccessRecord::Phase::connect);
  now_.heard_backend = false;
  now_.addresses = context_.health.addresses(*now_.backend);
  upstream_ = take_idle();
  if (upstream_) {
    upstream_->set_user(*this);
    return go(Step::send_head);
  }
  return connect_next_address(EHOSTUNREACH);
}

std::unique_ptr<backend::UpstreamConnection> Transaction::take_idle() {
  if (now_.no_pool) return nullptr;
  const std::unique_ptr<backend::PinnedUpstream>& pinned = client_.pinned();
  if (pinned && &pinned->backend() == now_.backend && may_use(*pinned)) {
    if (auto own = pinned->take()) return own;
  }
  // A request that cannot be sent a second time does not go out on a connection that the backend
  // may just be closing.
  return now_.facts.repeatable ? now_.backend->pool.take(now_.addresses.preferred()) : nullptr;
}

// Where the backend has authenticated the client, every request goes out on that connection,
// because the backend knows the client by it. A header speaks for one client, and a peer may speak
// for several.
bool Transaction::may_use(const backend::PinnedUpstream& pinned) const {
  if (now_.backend->config.proxy_protocol == 0) return true;
  if (pinned.announced() != proxy_header()) return false;
  return now_.facts.repeatable || pinned.is_personal();
}

Transaction::Flow Transaction::connect_next_address(int last_error) {
  while (!now_.addresses.at_end()) {
    upstream_ = std::make_unique<backend::UpstreamConnection>(context_.loop);
    upstream_->set_user(*this);
    const net::SocketAddress& address = now_.addresses.next();
    last_error = upstream_->connect(address);
    const bool no_descriptor = last_error == EMFILE || last_error == ENFILE;
    if (no_descriptor && context_.backends.close_idle()) last_error = upstream_->connect(address);
    if (last_error == 0) {
      if (!upstream_->connecting()) return connected();
      upstream_->deadline().start(now_.backend->connect_timeout, net::EventLoop::now_ms());
      return Flow::wait;
    }
    drop_upstream();
    if (backend::is_local_failure(last_error)) return fail(503, "no_local_resources");
    context_.health.address_is_silent(*now_.backend, address, last_error);
  }
  return backend_failed(last_error);
}

Transaction::Flow Transaction::connected() {
  context_.health.address_answers(*now_.backend, now_.addresses.current());
  if (now_.backend->config.proxy_protocol != 0) upstream_->announce(proxy_header());
  if (!now_.backend->heritage.tls) return go(Step::send_head);
  upstream_->secure(*now_.backend->heritage.tls);
  upstream_->deadline().start(now_.backend->connect_timeout, net::EventLoop::now_ms());
  return go(Step::secure);
}

Transaction::Flow Transaction::secure() {
  const tls::IoResult result = upstream_->endpoint().shake_hands();
  if (result.status == tls::IoStatus::would_block) return Flow::wait;
  upstream_->deadline().stop();
  if (result.status == tls::IoStatus::ok) return go(Step::send_head);
  const bool is_untrusted = result.error == tls::kUntrusted;
  return secure_failed(is_untrusted ? "tls_verify" : "tls_handshake",
                       upstream_->stream().tls()->failure());
}

// The backend accepts connections, but not TLS, or it is not whom we trust. Nothing was sent, so
// another backend of the service may serve.
Transaction::Flow Transaction::secure_failed(std::string_view reason, std::string_view why) {
  const bool is_untrusted = reason == "tls_verify";
  count_failure(is_untrusted ? shm::BackendFailure::tls_verify
                             : shm::BackendFailure::tls_handshake);
  context_.health.tls_failed(*now_.backend, reason, why);
  context_.health.response_failed(*now_.backend, reason);
  const conf::RetryPolicy& policy = retry_policy();
  const bool may_go_on = policy.after_connect && now_.tried.size() < policy.times;
  if (may_go_on && has_other_backend()) return go_elsewhere();
  return fail(502, reason);
}

// A connect that was under way has failed.
Transaction::Flow Transaction::connect_failed(int error) {
  drop_upstream();
  context_.health.address_is_silent(*now_.backend, now_.addresses.current(), error);
  return connect_next_address(error);
}

// The connect failed, so nothing was sent: another backend of the service may serve.
Transaction::Flow Transaction::backend_failed(int error) {
  count_failure(backend::connect_failure(error));
  context_.health.backend_is_dead(*now_.backend, error);
  admission_.leave_backend();
  ++now_.failures;
  if (!retry_policy().after_connect) return fail(503, "no_backend");
  return go(Step::pick_backend);
}

void Transaction::note_heard() {
  now_.heard_backend = true;
  if (to_backend_.keeps()) release_sent_request();
  context_.segment.backends().note_heard(now_.backend->heritage.row, net::EventLoop::now_ms());
}

// The final head of the backend's response has come.
void Transaction::count_response() {
  context_.segment.backends().count_response(now_.backend->heritage.row, context_.row,
                                             context_.response_head.status,
                                             context_.loop.turn_us() - now_.sent_us);
}

void Transaction::count_failure(shm::BackendFailure why) {
  context_.segment.backends().count_failure(now_.backend->heritage.row, context_.row, why);
}

void Transaction::suspect_if_silent(std::string_view why) {
  // A backend that has answered others since then is live.
  const std::uint64_t heard = context_.segment.backends().last_heard_ms(now_.backend->heritage.row);
  if (now_.heard_backend || heard + shm::kHeardStepMs >= now_.sent_ms) return;
  context_.probe.suspect(*now_.backend, why);
}

Transaction::Flow Transaction::send_head() {
  now_.sent_ms = net::EventLoop::now_ms();
  now_.sent_us = context_.loop.turn_us();
  enter(log::AccessRecord::Phase::first_byte);
  if (now_.facts.authenticates_connection) upstream_->is_personal = true;
  if (now_.destination_at != 0) rewrite_destination();
  const std::optional<std::string_view> head = head_for_backend();
  if (!head) return fail(500, "edit_value");
  if (may_keep_body()) to_backend_.keep(*head);
  const bool is_kept = to_backend_.keeps();  // then with the head
  to_backend_.flush(upstream_->stream(), is_kept ? std::string_view() : *head);
  context_.segment.backends().count_request(now_.backend->heritage.row, context_.row);
  return go(Step::relay);
}

// The backend's stream is at its end, orderly or not, before the response is.
Transaction::Flow Transaction::upstream_ended(const tls::IoResult& result) {
  const bool is_orderly = result.status == tls::IoStatus::closed;
  if (now_.response_begun) {
    if (is_orderly) response_body_.end_of_stream();
    if (!response_body_.is_whole()) {
      count_failure(shm::BackendFailure::truncated);
      context_.health.response_failed(*now_.backend, "response truncated");
      return fail(502, is_orderly ? "backend_truncated" : "backend_reset");
    }
    if (!send_part({.data = {}, .is_last = true})) return fail(502, "compression_failed");
    upstream_done(true);
    return Flow::wait;
  }
  if (!now_.heard_backend && upstream_->reused && now_.facts.repeatable) {
    // The backend was closing the connection while we sent: not an answer to this request.
    drop_upstream();
    now_.no_pool = true;
    to_backend_.rewind();
    return go(Step::connect);
  }
  count_failure(is_orderly ? shm::BackendFailure::closed : shm::BackendFailure::reset);
  context_.health.response_failed(*now_.backend, is_orderly ? "backend_closed" : "backend_reset");
  if (!is_orderly) suspect_if_silent("connection reset");
  if (is_reset_retried()) {
    to_backend_.rewind();
    return go_elsewhere();
  }
  return fail(502, is_orderly ? "backend_closed" : "backend_reset");
}

Transaction::Flow Transaction::take_response(char* data, std::size_t size) {
  if (now_.response_begun) return pass_body(data, size);
  while (size != 0) {
    http::ResponseHead& head = context_.response_head;
    http::Refusal refusal;
    const http::ResponseRules& rules = now_.backend->heritage.response_rules;
    const http::ParseStatus status =
        http::parse_response_head({data, size}, upstream_->scanned, head, refusal, rules);
    if (status == http::ParseStatus::incomplete) {
      upstream_->head_bytes.assign(data, size);
      return Flow::wait;
    }
    upstream_->scanned = 0;
    upstream_->head_bytes.clear();
    http::ResponseFacts& facts = now_.response_facts;
    if (!refusal) refusal = http::judge_response(head, now_.facts, facts, rules.relaxed);
    if (!refusal && facts.is_interim && ++now_.interims > http::kMaxInterims) {
      refusal.reason = http::Reason::response_interims_many;
    }
    if (refusal) return refuse_response(refusal, http::excerpt(head.bytes, refusal.offset));
    data += head.size;
    size -= head.size;
    if (!facts.is_interim) {
      context_.health.response_came(*now_.backend, head.status);
      if (is_answer_retried(head.status)) {
        count_response();
        return replace_answer(data, size);
      }
      note_answer();
    }
    if (facts.switches) return begin_tunnel({data, size});
    if (!facts.is_interim) return begin_response(data, size);
    client_.send_interim(head);
  }
  return Flow::wait;
}

// The final head has come. From now on the client is known.
void Transaction::note_answer() {
  count_response();
  enter(log::AccessRecord::Phase::none);
  if (!admission_.is_stranger() || !now_.session || !now_.backend_index) return;
  route::SessionAffinity& affinity = now_.service->affinity;
  affinity.remember(*now_.session, *now_.backend_index, now_.client_ip, net::EventLoop::now_ms());
  store_session(now_.shared);
}

// Other machines are to know that the session is at this backend.
void Transaction::store_session(const route::SharedKeys& keys) {
  if (keys.empty()) return;
  const std::string value = stored_value(*now_.backend_index, true);
  context_.store.write({keys, value, now_.service->affinity.ttl_s()});
}

Transaction::Flow Transaction::refuse_response(const http::Refusal& refusal,
                                               std::string_view excerpt) {
  count_failure(shm::BackendFailure::invalid_response);
  context_.health.response_failed(*now_.backend, http::info(refusal.reason).code);
  note_refusal("response of backend " + now_.backend->title(), refusal, excerpt);
  return fail(502, http::info(refusal.reason).code);
}

Transaction::Flow Transaction::begin_response(char* rest, std::size_t size) {
  const http::ResponseHead& head = context_.response_head;
  if (http::is_event_stream(head.fields) && !begin_stream()) return fail_for_now("streams_full");
  if (now_.backend_index) {
    store_session(now_.service->affinity.learn(head, *now_.backend_index, now_.client_ip,
                                               net::EventLoop::now_ms()));
  }
  record_.status = head.status;
  now_.response_begun = true;
  if (to_backend_.keeps()) release_sent_request();
  if (now_.response_facts.challenges_connection) upstream_->is_personal = true;
  response_body_.start(now_.response_facts.body, http::kNoLimit,
                       now_.backend->heritage.response_rules.relaxed);
  const http::BodyReader::Taken taken = response_body_.take(rest, size);
  std::vector<std::string> locations;
  if (now_.listener->config.rewrite_location != 0) rewrite_locations(locations);
  http::Framing framing = now_.response_facts.body;
  BodyData first{.data = {rest, taken.produced},
                 .is_last = response_body_.is_whole(),
                 .trailer = response_body_.trailer()};
  std::string_view added = edit_reply(added_fields());
  if (now_.service->config.compress) added = begin_compression(added, framing, first);
  now_.response_bytes += first.data.size();
  if (first.is_last) count_end();
  client_.send_head({.head = head, .body = framing, .added = added}, first);
  return after_body(taken.consumed != size);
}

// All of the response was read: the backend is free, however slowly the client reads.
void Transaction::upstream_done(bool has_excess) {
  release_upstream(has_excess);
  admission_.leave();
}

// Keeps the connection for other requests, if it may serve them.
void Transaction::release_upstream(bool has_excess) {
  // No other client's request follows a body: a backend that reads its length otherwise than we do,
  // or not at all, would answer a part of it, and that answer would be the next client's.
  const http::Framing& body = now_.facts.body;
  const bool sent_body = body.kind == http::Framing::Kind::chunked || body.length != 0;
  const bool request_is_sent =
      client_.body_is_whole() && !to_backend_.holds() && !to_backend_.failed();
  const bool is_reusable =
      !has_excess && (!sent_body || upstream_->is_personal) && request_is_sent &&
      now_.response_facts.keep_alive && !upstream_->endpoint().peer_closed() &&
      !context_.health.is_disabled(*now_.backend) && now_.backend->has(*upstream_);
  if (is_reusable) {
    keep_upstream();
  } else {
    drop_upstream();
  }
}

void Transaction::keep_upstream() {
  upstream_->endpoint().want_write(false);
  upstream_->endpoint().mark_drained();
  if (upstream_->is_personal || !upstream_->announced.empty()) {
    const bool is_better = client_.pinned() && client_.pinned()->is_personal();
    if (is_better && !upstream_->is_personal) return drop_upstream();
    client_.pinned() = std::make_unique<backend::PinnedUpstream>(context_.loop, *now_.backend,
                                                                 std::move(upstream_));
  } else {
    now_.backend->pool.put(std::move(upstream_));
  }
}

void Transaction::drop_upstream() {
  if (!upstream_) return;
  upstream_->close();
  context_.loop.dispose(std::move(upstream_));
}

}  // namespace worker::transaction
