// A worker's log records: see log.h.
#include "worker/log/log.h"

#include <sys/socket.h>

#include "shm/log_ring.h"

namespace worker::log {

Log::Log(shm::LogRing& ring, int doorbell, const std::atomic<std::uint32_t>& detail)
    : ring_(ring), doorbell_(doorbell), detail_(detail) {}

void Log::write(Severity severity, std::string_view text) {
  if (!ring_.write(static_cast<int>(severity), text)) return;
  const char byte = 0;
  // Fails when the queue is full, and then the master is being woken anyway.
  ::send(doorbell_, &byte, sizeof byte, MSG_DONTWAIT | MSG_NOSIGNAL);
}

}  // namespace worker::log
