// One request and its response, bodies both ways: see transaction.h.
#include "worker/http/http1_writer.h"
#include "worker/transaction/transaction.h"

namespace worker::transaction {

namespace {

// How many reads one direction may have in a turn of the loop, so that two fast ends of one
// connection do not keep the others waiting.
constexpr int kReadsPerTurn = 8;

}  // namespace

Transaction::Flow Transaction::relay() {
  if (upstream_) {
    const Flow flow = pump_request();
    if (flow != Flow::wait) return flow;
  }
  const Flow flow = pump_response();
  if (flow != Flow::wait) return flow;
  if (response_.sink_failed()) return give_up_on_client("client_closed");
  if (response_begun_ && response_.finished()) return go(Step::finish);
  arm_deadlines();
  return Flow::wait;
}

Transaction::Flow Transaction::pump_request() {
  char* const buffer = worker_.read_buffer.get();
  net::Stream& sink = upstream_->stream();
  if (request_.holds()) request_.flush(sink);
  for (int i = 0; !request_.source_done() && !request_.holds() && !request_.sink_failed() &&
                  client_->readable();
       ++i) {
    if (i == kReadsPerTurn) {
      client_->raise_again();
      break;
    }
    const std::size_t wanted = request_.read_size();
    const tls::IoResult result = client_->read(buffer, wanted);
    if (result.status == tls::IoStatus::would_block) break;
    if (result.status != tls::IoStatus::ok) return give_up_on_client("client_closed");
    const std::size_t taken = request_.take(&sink, {}, buffer, result.size);
    if (request_.broken()) return refuse(request_.refusal(), request_.excerpt());
    client_->keep({buffer + taken, result.size - taken});
    if (request_.source_done() && result.drained) client_->settle();
  }
  upstream_->want_write(request_.holds());
  return Flow::wait;
}

Transaction::Flow Transaction::pump_response() {
  char* const buffer = worker_.read_buffer.get();
  if (response_.holds()) response_.flush(client_->stream());
  // A backend that takes no more of the request may have answered already.
  for (int i = 0; upstream_ && !response_.holds() && !response_.sink_failed() &&
                  (upstream_->readable() || request_.sink_failed());
       ++i) {
    if (i == kReadsPerTurn) {
      upstream_->raise_again();
      break;
    }
    const std::size_t have = upstream_->head_bytes.copy(buffer, kReadBufferSize);
    const std::size_t wanted = kReadBufferSize - have;
    const tls::IoResult result = upstream_->read(buffer + have, wanted);
    if (result.status == tls::IoStatus::would_block) {
      if (!request_.sink_failed()) break;
      return upstream_ended({tls::IoStatus::failed, 0, request_.sink_error()});
    }
    if (result.status == tls::IoStatus::ok) note_heard();
    const Flow flow = result.status == tls::IoStatus::ok ? take_response(buffer, have + result.size)
                                                         : upstream_ended(result);
    if (flow != Flow::wait) return flow;
  }
  want_client_write(response_.holds());
  return Flow::wait;
}

void Transaction::want_client_write(bool wanted) {
  if (!wanted) {
    client_write_.remove();
  } else if (!client_write_.added()) {
    client_write_.add_edge(
        worker_.loop, client_->stream().fd(), net::kWritable,
        [](void* self, short) { static_cast<Transaction*>(self)->run(); }, this);
  }
}

// 101: from here on there are no messages, only bytes.
Transaction::Flow Transaction::begin_tunnel(char* rest, std::size_t size) {
  constexpr http::Framing kBytes{http::Framing::Kind::until_close, 0};
  worker_.head_text.clear();
  http::write_interim_head(worker_.response_head, worker_.head_text);
  record_.status = worker_.response_head.status;
  response_begun_ = true;
  response_.start(kBytes, false);
  response_.take(&client_->stream(), worker_.head_text, rest, size);
  request_.start(kBytes, false);
  std::string kept = client_->take_kept();
  request_.take(&upstream_->stream(), {}, kept.data(), kept.size());
  upstream_->deadline().stop();
  pace_deadline_.stop();
  return go(Step::tunnel);
}

Transaction::Flow Transaction::tunnel() {
  char* const buffer = worker_.read_buffer.get();
  const auto pump = [&](Pump& way, auto& source, net::Stream& sink, bool& shut) {
    if (way.holds()) way.flush(sink);
    for (int i = 0; !way.source_done() && !way.holds() && !way.sink_failed() && source.readable();
         ++i) {
      if (i == kReadsPerTurn) {
        source.raise_again();
        break;
      }
      const tls::IoResult result = source.read(buffer, way.read_size());
      if (result.status == tls::IoStatus::ok) {
        way.take(&sink, {}, buffer, result.size);
      } else if (result.status == tls::IoStatus::closed) {
        way.source_closed(&sink);
      } else {
        return result.status == tls::IoStatus::would_block;
      }
    }
    if (way.finished() && !shut) {
      sink.shutdown_write();
      shut = true;
    }
    return !way.sink_failed();
  };
  const bool is_whole = pump(request_, *client_, upstream_->stream(), request_shut_) &&
                        pump(response_, *upstream_, client_->stream(), response_shut_);
  if (!is_whole || (request_.finished() && response_.finished())) return go(Step::finish);
  upstream_->want_write(request_.holds());
  want_client_write(response_.holds());
  client_->deadline().start(worker_.tunnel_timeout, net::EventLoop::now_ms());
  return Flow::wait;
}

}  // namespace worker::transaction
