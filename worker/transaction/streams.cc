// Tunnels and event streams, which may be silent for long and hold no slot: see transaction.h.
#include "worker/transaction/transaction.h"

namespace worker::transaction {

// Gives the slots back and counts the request as a stream. False when `MaxStreams` is reached.
bool Transaction::begin_stream() {
  const std::uint32_t rows = context_.segment.workers().rows_in_use();
  shm::Gate gate = context_.segment.listeners().stream_gate(now_.listener->heritage.row);
  if (!gate.try_enter(context_.row, rows, 0)) {
    note_full("MaxStreams", std::to_string(gate.limit()) + " tunnels and event streams are open");
    return false;
  }
  now_.is_stream = true;
  admission_.leave();
  give_reserve_back();
  client_.expect_silence();
  upstream_->stream().probe_peer();
  return true;
}

void Transaction::end_stream() {
  stream_deadline_.stop();
  if (!now_.is_stream) return;
  now_.is_stream = false;
  context_.segment.listeners().stream_gate(now_.listener->heritage.row).leave(context_.row);
}

// 101: from here on there are no messages, only bytes.
Transaction::Flow Transaction::begin_tunnel(std::string_view rest) {
  if (!begin_stream()) return fail_for_now("streams_full");
  record_.status = context_.response_head.status;
  now_.response_begun = true;
  now_.response_bytes = rest.size();
  client_.become_tunnel(context_.response_head, rest);
  upstream_->deadline().stop();
  pace_.stop();
  now_.tunnel.emplace(client_, *upstream_, to_backend_);
  return go(Step::tunnel);
}

Transaction::Flow Transaction::run_tunnel() {
  if (now_.tunnel->run(context_.buffer.data()) == Tunnel::Flow::over) return go(Step::finish);
  stream_deadline_.start(now_.listener->stream_timeout, net::EventLoop::now_ms());
  return Flow::wait;
}

void Transaction::cut_stream(std::string_view reason) {
  record_.reason = reason;
  if (now_.step == Step::relay) now_.end = Exchange::End::truncated;
  go(Step::finish);
  run();
}

}  // namespace worker::transaction
