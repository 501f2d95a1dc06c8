// A robust mutex of pthread. An error that cannot happen is a bug in Pound: the process aborts and
// the master starts another one.
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
  // Made consistent at once rather than after the repair: if this process dies before the unlock,
  // the next one is told in any case.
  if (error == EOWNERDEAD && pthread_mutex_consistent(&mutex_) == 0) return Taken::recovered;
  std::abort();
}

void RobustMutex::unlock() {
  if (pthread_mutex_unlock(&mutex_) != 0) std::abort();
}

}  // namespace shm
