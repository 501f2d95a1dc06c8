// One request and its response, bodies both ways, and how long to wait for either side: see
// transaction.h.
#include <algorithm>

#include "worker/transaction/transaction.h"

namespace worker::transaction {

namespace {

// How many reads one direction may have in a turn of the loop, so that two fast ends of one
// exchange do not keep other clients waiting.
constexpr int kReadsPerTurn = 8;

}  // namespace

Transaction::Flow Transaction::relay() {
  if (upstream_) {
    const Flow flow = pump_request();
    if (flow != Flow::wait) return flow;
  }
  const Flow flow = pump_response();
  if (flow != Flow::wait) return flow;
  if (generated_) pump_generated();
  if (client_.has_failed()) return give_up_on_client("client_closed");
  const bool is_whole = now_.response_begun && response_body_.is_whole() && !generated_;
  if (is_whole && !client_.is_blocked()) return go(Step::finish);
  arm_deadlines();
  return Flow::wait;
}

Transaction::Flow Transaction::pump_request() {
  char* const buffer = context_.buffer.data();
  net::Stream& backend = upstream_->stream();
  if (to_backend_.holds()) to_backend_.flush(backend);
  for (int i = 0; !client_.body_is_whole() && !to_backend_.holds() && !to_backend_.failed(); ++i) {
    if (i == kReadsPerTurn) {
      client_.read_later();
      break;
    }
    const BodyPart part = client_.read_body(buffer, to_backend_.read_size());
    if (part.status == BodyPart::Status::nothing_now) break;
    if (part.status == BodyPart::Status::refused) return refuse(part.refusal, part.excerpt);
    if (part.status != BodyPart::Status::data) return give_up_on_client("client_closed");
    send_request_part(&backend, part.data);
  }
  upstream_->endpoint().want_write(to_backend_.holds());
  release_sent_request();
  return Flow::wait;
}

// Gives back what the request needed until it was sent, if it was. A request that may have to go to
// another backend needs its memory longer.
void Transaction::release_sent_request() {
  if (!client_.body_is_whole() || to_backend_.holds()) return;
  admission_.client_has_sent_all();
  if (to_backend_.keeps() && may_need_kept()) return;
  to_backend_.forget();
  if (!client_.is_blocked()) give_reserve_back();
}

// Frames a part of the request's body for the backend. Without a sink all of it is held.
void Transaction::send_request_part(net::Stream* sink, std::string_view data) {
  now_.request_bytes += data.size();
  const bool in_chunks = now_.facts.body.kind == http::Framing::Kind::chunked;
  char chunk_header[http::kMaxChunkHeader];
  net::Pieces pieces;
  http::frame_body({.in_chunks = in_chunks,
                    .data = data,
                    .is_last = client_.body_is_whole(),
                    .trailer = client_.body_trailer()},
                   chunk_header, pieces);
  to_backend_.send(sink, pieces);
}

Transaction::Flow Transaction::pump_response() {
  char* const buffer = context_.buffer.data();
  // A backend that takes no more of the request may have answered already.
  for (int i = 0;
       upstream_ && takes_response() && (upstream_->endpoint().readable() || to_backend_.failed());
       ++i) {
    if (i == (compression_ ? 1 : kReadsPerTurn)) {
      upstream_->endpoint().reschedule();
      break;
    }
    const std::size_t have = upstream_->head_bytes.copy(buffer, net::kReadBufferSize);
    const std::size_t held = client_.held();
    // takes_response() has reserved `Buffer`.
    const std::size_t most = held != 0 ? now_.listener->config.buffer - held : client_.read_size();
    std::size_t wanted = std::min(net::kReadBufferSize - have, most);
    if (now_.turn_bytes != 0) wanted = std::min(wanted, now_.turn_bytes);
    const tls::IoResult result = upstream_->endpoint().read(buffer + have, wanted);
    if (result.status == tls::IoStatus::would_block) {
      if (!to_backend_.failed()) break;
      return upstream_ended({tls::IoStatus::failed, 0, to_backend_.error()});
    }
    if (result.status == tls::IoStatus::ok) note_heard();
    const Flow flow = result.status == tls::IoStatus::ok ? take_response(buffer, have + result.size)
                                                         : upstream_ended(result);
    if (flow != Flow::wait) return flow;
  }
  return Flow::wait;
}

// Whether to read on from the backend. Of a response that the client does not take as fast, up to
// `Buffer` bytes are taken off the backend, which is free once all of it was read.
bool Transaction::takes_response() {
  if (client_.has_failed()) return false;
  if (!client_.is_blocked()) return true;
  const std::size_t most = now_.listener->config.buffer;
  return client_.held() < most && !now_.is_stream && reserve(most);
}

// Passes on what belongs to the response's body.
Transaction::Flow Transaction::pass_body(char* data, std::size_t size) {
  const http::BodyReader::Taken taken = response_body_.take(data, size);
  const bool is_sent = send_part({.data = {data, taken.produced},
                                  .is_last = response_body_.is_whole(),
                                  .trailer = response_body_.trailer()});
  return is_sent ? after_body(taken.consumed != size) : fail(502, "compression_failed");
}

// False when it cannot be compressed, though the parts before were.
bool Transaction::send_part(BodyData part) {
  if (compression_ && !compress_part(part)) return false;
  now_.response_bytes += part.data.size();
  if (part.is_last) count_end();
  client_.send_body(part);
  return true;
}

Transaction::Flow Transaction::after_body(bool has_excess) {
  if (response_body_.state() == http::BodyReader::State::refused) {
    return refuse_response(response_body_.refusal(), response_body_.excerpt());
  }
  if (response_body_.is_whole()) upstream_done(has_excess);
  return Flow::wait;
}

// The side that the other one waits for has a deadline.
void Transaction::arm_deadlines() {
  if (now_.is_stream && upstream_) {
    stream_deadline_.start(now_.listener->stream_timeout, net::EventLoop::now_ms());
    pace_.stop();
    upstream_->deadline().stop();
    return;
  }
  stream_deadline_.stop();  // the backend has ended its stream; the client takes what is left
  const bool awaits_body = upstream_ && !client_.body_is_whole() && !to_backend_.holds();
  const bool awaits_room = client_.is_blocked();
  if (awaits_room || awaits_body) {
    const bool is_surplus = awaits_room && upstream_ && !admission_.try_become_reader();
    pace_.wait(awaits_room ? Pace::For::response : Pace::For::request,
               is_surplus ? now_.listener->surplus_pace : now_.listener->pace);
    if (upstream_) upstream_->deadline().stop();
    return;
  }
  pace_.stop();
  if (!upstream_) return;
  // A response head has TimeOut as a whole, however its bytes trickle in.
  if (!upstream_->head_bytes.empty() && upstream_->deadline().running()) return;
  upstream_->deadline().start(now_.backend->timeout, net::EventLoop::now_ms());
  now_.backend_unsent = now_.request_bytes != 0 ? upstream_->stream().unsent() : 0;
}

// What the client has sent of its body and taken of its response, or of others instead of it.
std::int64_t Transaction::client_moved() const {
  return static_cast<std::int64_t>(now_.request_bytes + now_.response_bytes + client_.yielded()) -
         static_cast<std::int64_t>(client_.unsent());
}

void Transaction::on_upstream_deadline(backend::UpstreamConnection&) {
  if (now_.step == Step::connect && upstream_->queue_is_full()) {
    count_failure(shm::BackendFailure::busy);
    fail_for_now("backend_busy");
  } else if (now_.step == Step::connect) {
    if (connect_failed(ETIMEDOUT) == Flow::wait) return;
  } else if (now_.step == Step::secure) {
    secure_failed("tls_handshake", "no answer in time");
  } else if (upstream_->stream().unsent() < now_.backend_unsent) {
    return arm_deadlines();  // it is busy with a body that left us for the kernel some time ago
  } else {
    count_failure(shm::BackendFailure::timeout);
    suspect_if_silent("no response in time");
    context_.health.response_failed(*now_.backend, "backend_timeout");
    fail(504, "backend_timeout");
  }
  run();
}

// The client does not take what was sent, or does not send what it has announced.
void Transaction::client_failed(std::string_view reason) {
  if (now_.response_begun || client_.body_is_whole()) {
    give_up_on_client(reason);
  } else {
    fail(408, reason);
  }
  run();
}

}  // namespace worker::transaction
