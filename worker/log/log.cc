// A worker's log records: see log.h.
#include "worker/log/log.h"

#include <unistd.h>

#include <cstdint>

#include "shm/log_ring.h"

namespace worker::log {

Log::Log(shm::LogRing& ring, int doorbell, int detail)
    : ring_(ring), doorbell_(doorbell), detail_(detail) {}

void Log::write(Severity severity, std::string_view text) {
  if (!ring_.write(static_cast<int>(severity), text)) return;
  const std::uint64_t one = 1;
  // The write fails only when the counter is full, and then the master is being woken anyway.
  [[maybe_unused]] const ssize_t n = ::write(doorbell_, &one, sizeof one);
}

}  // namespace worker::log
