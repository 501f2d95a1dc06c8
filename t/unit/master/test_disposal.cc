#include <doctest/doctest.h>

#include "master/disposal.h"
#include "t/unit/master/heritage.h"

TEST_CASE("disposal: is due while it has something to free") {
  master::Disposal disposal;
  CHECK(disposal.due_ms() == master::kNever);
  worker::Heritage old = sample_heritage();
  const std::weak_ptr<const conf::Config> config = old.config;
  disposal.add(std::move(old));
  CHECK(disposal.due_ms() == master::kNow);
  CHECK_FALSE(config.expired());
  disposal.turn(0);  // its time is over: one step
  CHECK(config.expired());
  CHECK(disposal.due_ms() == master::kNever);
  disposal.add(sample_heritage());
  disposal.add(sample_heritage());
  disposal.turn(0);
  CHECK(disposal.due_ms() == master::kNow);
  disposal.turn(master::now_ms() + 60'000);
  CHECK(disposal.due_ms() == master::kNever);
}
