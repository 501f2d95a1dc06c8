// What this worker does at the moment, for the watchdog.
//
// One word in the worker's row of the segment, stored before each step that could take long. Costs
// one store. Rows are those of shm::ListenerTable and shm::ServiceTable.
#pragma once

#include <cstdint>
#include <optional>

#include "shm/worker_table.h"

namespace worker::log {

class ActivityNote {
 public:
  ActivityNote(shm::WorkerTable& workers, shm::Row row) : workers_(workers), row_(row) {}

  void set(shm::Activity activity, std::optional<std::uint32_t> listener_row = {},
           std::optional<std::uint32_t> service_row = {}) {
    workers_.note(row_, {activity, listener_row, service_row});
  }

 private:
  shm::WorkerTable& workers_;
  shm::Row row_;
};

}  // namespace worker::log
