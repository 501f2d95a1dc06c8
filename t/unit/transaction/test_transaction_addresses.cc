// A backend whose name has several addresses, or others than before.
#include <doctest/doctest.h>

#include "t/unit/transaction/harness.h"

using namespace transaction_test;

namespace {

constexpr const char* kServed = R"("GET / HTTP/1.1" 200 5 192.0.2.1:80/1 b1)";

// A backend with two addresses, and their servers: the first two fakes.
struct TwoAddresses : World {
  TwoAddresses() : World({.backends = {Mode::listening, Mode::listening}}) {
    heritages[1].addresses.clear();
    segment.backends().mark_dead(heritages[1].row, shm::DeadReason::dns, 1);
    publish({fakes[0]->address(), fakes[1]->address()});
  }
  // The server that gets the next GET; it answers over its newest connection.
  std::size_t serve() {
    FakeExchange& client = add_client();
    const std::size_t before[] = {received(0), received(1)};
    get(client);
    REQUIRE(until([&] { return received(0) + received(1) > before[0] + before[1]; }));
    const std::size_t server = received(0) > before[0] ? 0 : 1;
    REQUIRE(until([&] { return newest(server).ends_with("\r\n\r\n"); }));
    fakes[server]->sends(kOk, fakes[server]->connections() - 1);
    REQUIRE(until_end(client));
    CHECK(records() == std::vector<std::string>{kServed});
    return server;
  }
  std::string_view newest(std::size_t server) {
    return fakes[server]->received(fakes[server]->connections() - 1);
  }
  std::size_t received(std::size_t server) {
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < fakes[server]->connections(); ++i) {
      bytes += fakes[server]->received(i).size();
    }
    return bytes;
  }
};

}  // namespace

TEST_CASE("transaction addresses: requests take turns, each over an idle connection") {
  TwoAddresses world;
  std::size_t count[2] = {};
  for (int i = 0; i < 10; ++i) ++count[world.serve()];
  CHECK(count[0] == 5);
  CHECK(count[1] == 5);
  CHECK(world.fakes[0]->connections() == 1);
  CHECK(world.fakes[1]->connections() == 1);
  CHECK(world.backends[0].pool.size() == 2);
}

TEST_CASE("transaction addresses: no request goes to an address that is gone") {
  TwoAddresses world;
  for (int i = 0; i < 4; ++i) world.serve();
  world.publish({world.fakes[1]->address()});
  for (int i = 0; i < 4; ++i) CHECK(world.serve() == 1);
  CHECK(world.until([&] { return world.fakes[0]->is_closed(); }));
  CHECK(world.fakes[1]->connections() == 1);
  world.publish({world.fakes[0]->address()});
  CHECK(world.serve() == 0);
  CHECK(world.fakes[0]->connections() == 2);
}

TEST_CASE("transaction addresses: a request under way at an address that is gone is finished") {
  TwoAddresses world;
  world.get();
  REQUIRE(world.until_asked());
  world.publish({world.fakes[1]->address()});
  CHECK(world.serve() == 1);
  world.fakes[0]->sends(kOk);
  REQUIRE(world.until_end());
  check_end(world, world.client(), {"accept", "head 200 5 [hello] last", "end whole"}, kServed);
  CHECK(world.until([&] { return world.fakes[0]->is_closed(); }));
  CHECK(world.backends[0].pool.size() == 1);  // that to the other address
}
