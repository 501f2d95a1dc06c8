// pthread's robust mutex. An error that cannot happen is our bug: abort, and let the master
// respawn.
#include "shm/robust_mutex.h"

#include <cerrno>
#include <cstdlib>
#include <system_error>

namespace shm {
namespace {

void require(int error) {
  if (error != 0) throw std::system_error(error, std::generic_category(), "robust mutex");
}

}  // namespace

RobustMutex::RobustMutex() {
  pthread_mutexattr_t attributes;
  require(pthread_mutexattr_init(&attributes));
  require(pthread_mutexattr_setpshared(&attributes, PTHREAD_PROCESS_SHARED));
  require(pthread_mutexattr_setrobust(&attributes, PTHREAD_MUTEX_ROBUST));
  require(pthread_mutex_init(&mutex_, &attributes));
  pthread_mutexattr_destroy(&attributes);
}

Taken RobustMutex::lock() {
  const int error = pthread_mutex_lock(&mutex_);
  if (error == 0) return Taken::clean;
  // Consistent at once, not after the repair: dying before the unlock is reported anew anyway.
  if (error == EOWNERDEAD && pthread_mutex_consistent(&mutex_) == 0) return Taken::recovered;
  std::abort();
}

void RobustMutex::unlock() {
  if (pthread_mutex_unlock(&mutex_) != 0) std::abort();
}

}  // namespace shm
