// What the errno of a failed connect says about the backend: see connect_error.h.
#include "worker/backend/connect_error.h"

#include <cerrno>

namespace worker::backend {

bool is_local_failure(int error) {
  switch (error) {
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
    case EADDRNOTAVAIL:
    case EAGAIN:
      return true;
    default:
      return false;
  }
}

shm::DeadReason dead_reason(int error) {
  switch (error) {
    case ECONNREFUSED:
    case ENOENT:  // the path of a Unix socket: nobody listens there
      return shm::DeadReason::refused;
    case ETIMEDOUT:
      return shm::DeadReason::timeout;
    case ECONNRESET:
      return shm::DeadReason::reset;
    case EHOSTUNREACH:
    case ENETUNREACH:
      return shm::DeadReason::unreachable;
    default:
      return shm::DeadReason::other;
  }
}

shm::BackendFailure connect_failure(int error) {
  switch (dead_reason(error)) {
    case shm::DeadReason::refused:
      return shm::BackendFailure::refused;
    case shm::DeadReason::timeout:
      return shm::BackendFailure::connect_timeout;
    case shm::DeadReason::reset:
      return shm::BackendFailure::connect_reset;
    case shm::DeadReason::unreachable:
      return shm::BackendFailure::unreachable;
    default:
      return shm::BackendFailure::no_connect;
  }
}

}  // namespace worker::backend
