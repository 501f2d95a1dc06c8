// See wake.h.
#include "worker/net/wake.h"

#include <sys/socket.h>

namespace worker::net {

std::optional<WakePair> make_wake_pair() {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) != 0) return {};
  return WakePair{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

bool wake(int waker) {
  const char byte = 0;
  return ::send(waker, &byte, sizeof byte, MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof byte;
}

int clear_wakes(int sleeper) {
  char byte = 0;
  int taken = 0;
  while (taken < kMostWakes && ::recv(sleeper, &byte, sizeof byte, MSG_DONTWAIT) >= 0) ++taken;
  return taken;
}

bool works(const WakePair& pair) {
  clear_wakes(pair.sleeper.get());
  return wake(pair.waker.get()) && clear_wakes(pair.sleeper.get()) >= 1;
}

}  // namespace worker::net
