// One request and its response, how long and how slowly: see transaction.h.
//
// Who is waited for has a deadline, client or backend. Silence is measured anew whenever bytes
// move; beside it, over spans of the same length, a client's bytes are counted (`MinRate`).
#include "worker/transaction/transaction.h"

namespace worker::transaction {

void Transaction::arm_deadlines() {
  const std::uint64_t now = net::EventLoop::now_ms();
  const ListenerRuntime& listener = client_->listener();
  const bool awaits_body = upstream_ && !request_.source_done() && !request_.holds();
  const bool awaits_client = response_.holds() || awaits_body;
  if (awaits_client) {
    client_->deadline().start(listener.client_timeout, now);
    if (response_.holds()) moved_ = client_moved();
    if (listener.least_moved != 0 && !pace_deadline_.running()) begin_span(now);
  } else {
    client_->deadline().stop();
    pace_deadline_.stop();
  }
  if (!upstream_) return;
  if (awaits_client) {
    upstream_->deadline().stop();
  } else {
    upstream_->deadline().start(backend_->timeout, now);
    backend_unsent_ = request_.body_bytes() != 0 ? upstream_->stream().unsent() : 0;
  }
}

// What a client has sent of its body and taken of its response. The kernel takes far more at once
// than a slow client, who is alive as long as this becomes less.
std::int64_t Transaction::client_moved() const {
  const std::uint64_t taken = request_.body_bytes() + response_.body_bytes();
  return static_cast<std::int64_t>(taken) -
         static_cast<std::int64_t>(response_.held() + client_->stream().unsent());
}

void Transaction::begin_span(std::uint64_t now) {
  span_moved_ = client_moved();
  pace_deadline_.start(client_->listener().client_timeout, now);
}

void Transaction::on_pace_deadline() {
  const std::uint64_t least = client_->listener().least_moved;
  if (client_moved() - span_moved_ >= static_cast<std::int64_t>(least)) {
    begin_span(net::EventLoop::now_ms());
  } else {
    client_failed("client_too_slow");
  }
}

void Transaction::on_client_deadline() {
  if (step_ == Step::tunnel) {
    go(Step::finish);
    run();
  } else if (response_.holds() && client_moved() > moved_) {
    arm_deadlines();  // the kernel has not asked for more, but the client has taken some
  } else {
    client_failed("client_timeout");
  }
}

void Transaction::on_upstream_deadline(backend::UpstreamConnection&) {
  if (step_ == Step::connect) {
    drop_upstream();
    if (connect_next_address(ETIMEDOUT) == Flow::wait) return;
  } else if (upstream_->stream().unsent() < backend_unsent_) {
    arm_deadlines();  // it is busy with a body, which left us for the kernel some time ago
    return;
  } else {
    mark_dead_if_silent(shm::DeadReason::timeout, "no response in time");
    fail(504, "backend_timeout");
  }
  run();
}

// It does not take what we send, or does not send what it has announced.
void Transaction::client_failed(std::string_view reason) {
  if (response_begun_ || request_.source_done()) {
    give_up_on_client(reason);
  } else {
    fail(408, reason);
  }
  run();
}

}  // namespace worker::transaction
