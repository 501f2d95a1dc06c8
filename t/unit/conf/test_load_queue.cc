// Tests of conf/load_queue: what the key means (what it refuses: data/config/queue_*).
#include "conf/load_queue.h"

#include <doctest/doctest.h>

#include "t/unit/conf/harness.h"

namespace {

using conf::QueueOrder;

QueueOrder order(const std::string& keys) {
  const auto loaded = conf_test::load(conf_test::with_service(keys));
  REQUIRE_MESSAGE(loaded.config, loaded.messages);
  CHECK(loaded.messages == "");
  return loaded.config->listeners.at(0).services.at(0).queue;
}

}  // namespace

TEST_CASE("load_queue: all requests are equal by default") {
  CHECK(order("") == QueueOrder::equal);
  CHECK(order("    Queue:\n") == QueueOrder::equal);
  CHECK(order("    Session: 300\n") == QueueOrder::equal);
}

TEST_CASE("load_queue: known ones first, in any letter case") {
  CHECK(order("    Session: 300\n    Queue: {Known: first}\n") == QueueOrder::known_first);
  CHECK(order("    queue: {known: FIRST}\n    session: 1\n") == QueueOrder::known_first);
  CHECK(order("    Session: {Type: COOKIE, ID: a, TTL: 1}\n    Queue: {Known: first}\n") ==
        QueueOrder::known_first);
}

TEST_CASE("load_queue: equal needs no sessions") {
  CHECK(order("    Queue: {Known: equal}\n") == QueueOrder::equal);
  CHECK(order("    Session: 0\n    Queue: {Known: equal}\n") == QueueOrder::equal);
}
