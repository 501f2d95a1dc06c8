// The end of a connection whose client may still be sending: see linger.h.
#include "worker/client/linger.h"

namespace worker::client {

namespace {

constexpr int kReadsPerTurn = 16;

}  // namespace

Linger::Linger(net::Endpoint& endpoint, std::uint64_t now_ms) : end_ms_(now_ms + kLingerTotalMs) {
  endpoint.stream().shutdown_write();
}

Linger::Step Linger::drop_input(net::Endpoint& endpoint, net::ReadBuffer& buffer,
                                std::uint64_t now_ms) {
  if (now_ms > end_ms_) return Step::over;
  unsent_ = endpoint.stream().unsent();
  for (int i = 0; i < kReadsPerTurn; ++i) {
    const tls::IoResult result = endpoint.read(buffer.data(), net::kReadBufferSize);
    if (result.status == tls::IoStatus::would_block) return Step::waits;
    if (result.status != tls::IoStatus::ok) return Step::over;
  }
  endpoint.reschedule();
  return Step::waits;
}

}  // namespace worker::client
