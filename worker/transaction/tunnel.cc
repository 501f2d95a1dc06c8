// Bytes both ways after a switch of protocols: see tunnel.h.
#include "worker/transaction/tunnel.h"

namespace worker::transaction {

namespace {

// How many reads one direction may have in a turn of the loop, so that two fast ends do not keep
// other clients waiting.
constexpr int kReadsPerTurn = 8;

}  // namespace

Tunnel::Flow Tunnel::run(char* buffer) {
  if (!pump_to_backend(buffer) || !pump_to_client(buffer)) return Flow::over;
  const bool both_ended =
      to_backend_state_ == Direction::ended && to_client_state_ == Direction::ended;
  if (both_ended) return Flow::over;
  upstream_->endpoint().want_write(to_backend_->holds());
  return Flow::running;
}

// False when a side has failed.
bool Tunnel::pump_to_backend(char* buffer) {
  net::Stream& backend = upstream_->stream();
  if (to_backend_->holds()) to_backend_->flush(backend);
  for (int i = 0; to_backend_state_ == Direction::open && !to_backend_->holds(); ++i) {
    if (to_backend_->failed()) return false;
    if (i == kReadsPerTurn) {
      client_->read_later();
      break;
    }
    const BodyPart part = client_->read_body(buffer, to_backend_->read_size());
    if (part.status == BodyPart::Status::nothing_now) break;
    if (part.status == BodyPart::Status::end) {
      to_backend_state_ = Direction::ending;
    } else if (part.status == BodyPart::Status::data) {
      net::Pieces pieces;
      pieces.add(part.data);
      to_backend_->send(&backend, pieces);
    } else {
      return false;
    }
  }
  if (to_backend_state_ == Direction::ending && !to_backend_->holds()) {
    backend.shutdown_write();
    to_backend_state_ = Direction::ended;
  }
  return !to_backend_->failed();
}

bool Tunnel::pump_to_client(char* buffer) {
  net::Endpoint& backend = upstream_->endpoint();
  for (int i = 0; to_client_state_ == Direction::open && !client_->is_blocked() &&
                  !client_->has_failed() && backend.readable();
       ++i) {
    if (i == kReadsPerTurn) {
      backend.reschedule();
      break;
    }
    const tls::IoResult result = backend.read(buffer, client_->read_size());
    if (result.status == tls::IoStatus::would_block) break;
    if (result.status == tls::IoStatus::closed) {
      to_client_state_ = Direction::ending;
    } else if (result.status == tls::IoStatus::ok) {
      bytes_to_client_ += result.size;
      client_->send_body({{buffer, result.size}});
    } else {
      return false;
    }
  }
  if (to_client_state_ == Direction::ending && !client_->is_blocked()) {
    client_->end_tunnel_output();
    to_client_state_ = Direction::ended;
  }
  return !client_->has_failed();
}

}  // namespace worker::transaction
