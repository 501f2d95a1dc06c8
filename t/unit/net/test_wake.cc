#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>

#include "worker/net/wake.h"

using namespace worker::net;

TEST_CASE("wake: the sleeper gets each wake-up once") {
  const WakePair pair = make_wake_pair().value();
  CHECK(clear_wakes(pair.sleeper.get()) == 0);
  CHECK(wake(pair.waker.get()));
  CHECK(wake(pair.waker.get()));
  CHECK(clear_wakes(pair.sleeper.get()) == 2);
  CHECK(clear_wakes(pair.sleeper.get()) == 0);
  CHECK(works(pair));
}

TEST_CASE("wake: no call blocks, also when another process has made the sockets blocking") {
  const WakePair pair = make_wake_pair().value();
  for (const int fd : {pair.waker.get(), pair.sleeper.get()}) REQUIRE(::fcntl(fd, F_SETFL, 0) == 0);
  CHECK(clear_wakes(pair.sleeper.get()) == 0);
  int queued = 0;
  while (queued < 100'000 && wake(pair.waker.get())) ++queued;
  CHECK(queued > 0);
  CHECK(queued < 100'000);
  int taken = 0;
  for (int now = 1; now != 0; taken += now) {
    now = clear_wakes(pair.sleeper.get());
    CHECK(now <= kMostWakes);
  }
  CHECK(taken == queued);
}

TEST_CASE("wake: a pair that was shut down works no more, and kills nobody") {
  const WakePair one = make_wake_pair().value();
  REQUIRE(::shutdown(one.waker.get(), SHUT_WR) == 0);
  CHECK_FALSE(wake(one.waker.get()));
  CHECK_FALSE(works(one));
  const WakePair other = make_wake_pair().value();
  REQUIRE(::shutdown(other.sleeper.get(), SHUT_RD) == 0);
  CHECK_FALSE(works(other));
  WakePair third = make_wake_pair().value();
  third.sleeper.reset();
  CHECK_FALSE(wake(third.waker.get()));
}
