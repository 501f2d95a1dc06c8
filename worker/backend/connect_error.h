// What the errno of a failed connect says about the backend. Pure.
#pragma once

#include "shm/backend_table.h"

namespace worker::backend {

// A failure of this machine, such as too many open files: it says nothing about the backend.
bool is_local_failure(int error);

shm::DeadReason dead_reason(int error);
shm::BackendFailure connect_failure(int error);

}  // namespace worker::backend
