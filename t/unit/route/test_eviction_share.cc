#include <doctest/doctest.h>

#include "worker/route/eviction_share.h"

using worker::route::EvictionShare;
using worker::route::kEvictionsPerSecond;

TEST_CASE("eviction share: so many in a second for one network, and others are not concerned") {
  EvictionShare share;
  for (int i = 0; i < kEvictionsPerSecond; ++i) CHECK(share.take(7, 5000));
  CHECK_FALSE(share.take(7, 5000));
  CHECK_FALSE(share.take(7, 5999));
  CHECK(share.take(8, 5999));
  CHECK(share.take(7, 6000));
  for (int i = 1; i < kEvictionsPerSecond; ++i) CHECK(share.take(7, 6000));
  CHECK_FALSE(share.take(7, 6000));
}
