// Requests that wait for a slot of the listener or of a backend.
#include <doctest/doctest.h>

#include "t/unit/transaction/harness.h"

using namespace transaction_test;

namespace {

// Another client, which holds the slots.
constexpr worker::route::ClientHash kHolder = 7;

constexpr const char* kServed = R"("GET / HTTP/1.1" 200 5 192.0.2.1:80/1 b1)";

Setup two_backends(conf::SessionPolicy::Type session = conf::SessionPolicy::Type::none) {
  return {.backends = {Mode::listening, Mode::listening},
          .change = [session](conf::Config& config) {
            config.backends[0].threads = 60'000;  // also its weight
            config.backends[1].threads = 1;
            config.listeners[0].services[0].session.type = session;
            config.listeners[0].services[0].session.ttl = std::chrono::seconds(300);
          }};
}

}  // namespace

TEST_CASE("transaction waiting: requests get the listener's slot in order") {
  World world({.change = [](conf::Config& config) { config.listeners[0].threads = 1; }});
  world.get();
  FakeExchange& second = world.add_client();
  FakeExchange& third = world.add_client();
  world.get(second);
  world.get(third);
  REQUIRE(world.until_asked());
  const std::size_t head = world.fakes[0]->received().size();
  CHECK(world.slots() == "1 1");
  CHECK(world.listener_gate().waiting(1) == 2);
  world.turn();
  CHECK(world.fakes[0]->connections() == 1);
  CHECK(second.calls == Calls{"accept"});

  world.fakes[0]->sends(kOk);
  REQUIRE(world.until([&] { return world.fakes[0]->received().size() > head; }));
  CHECK(world.records() == std::vector<std::string>{kServed});
  CHECK(world.slots() == "1 1");
  CHECK(world.listener_gate().waiting(1) == 1);
  world.fakes[0]->sends(kOk);
  REQUIRE(world.until_end(second));
  CHECK(!third.ended);
  CHECK(world.records() == std::vector<std::string>{kServed});
  REQUIRE(world.until([&] { return world.fakes[0]->received().size() > 2 * head; }));
  world.fakes[0]->sends(kOk);
  REQUIRE(world.until_end(third));
  check_end(world, third, {"accept", "head 200 5 [hello] last", "end whole"}, kServed);
}

TEST_CASE("transaction waiting: a request that waits for its backend holds the listener's slot") {
  World world({.change = [](conf::Config& config) { config.backends[0].threads = 1; }});
  world.get();
  FakeExchange& second = world.add_client();
  world.get(second);
  REQUIRE(world.until_asked());
  const std::size_t head = world.fakes[0]->received().size();
  CHECK(world.slots() == "2 1");
  world.fakes[0]->sends(kOk);
  REQUIRE(world.until_end());
  REQUIRE(world.until([&] { return world.fakes[0]->received().size() > head; }));
  CHECK(world.slots() == "1 1");
  world.records();
  world.fakes[0]->sends(kOk);
  REQUIRE(world.until_end(second));
  check_end(world, second, {"accept", "head 200 5 [hello] last", "end whole"}, kServed);
}

TEST_CASE("transaction waiting: no slot of the backend within QueueTimeOut") {
  World world({.change = [](conf::Config& config) { config.backends[0].threads = 1; }});
  REQUIRE(world.backends[0].slots.all.try_enter(kHolder));
  world.get();
  world.turn();
  CHECK(world.slots() == "1 1");
  world.expire(kTimeOutMs);
  CHECK(world.client().ended);
  CHECK(world.backends[0].slots.all.empty());
  world.backends[0].slots.all.leave(kHolder);
  check_end(world, world.client(), {"accept", "answer 503 Retry-After: 1", "end whole"},
            R"("GET / HTTP/1.1" 503 )" + std::to_string(world.pages.body(503).size()) +
                " 192.0.2.1:80/1 b1 reason=queue_timeout");
  CHECK(world.is_live(0));
  CHECK(world.fakes[0]->connections() == 0);
}

TEST_CASE("transaction waiting: after kRestlessMs a request takes a free slot of another backend") {
  World world(two_backends());
  world.segment.backends().gate(0).set_limit(1);
  REQUIRE(world.backends[0].slots.all.try_enter(kHolder));
  world.get();
  CHECK(world.slots() == "1 1 0");
  REQUIRE(world.until_asked(1));
  CHECK(world.slots() == "1 1 1");
  world.backends[0].slots.all.leave(kHolder);
  world.fakes[1]->sends(kOk);
  REQUIRE(world.until_end());
  check_end(world, world.client(), {"accept", "head 200 5 [hello] last", "end whole"},
            R"("GET / HTTP/1.1" 200 5 192.0.2.1:80/1 b2)");
}

TEST_CASE("transaction waiting: a session waits for its own backend") {
  World world(two_backends(conf::SessionPolicy::Type::ip));
  world.segment.backends().gate(0).set_limit(1);
  REQUIRE(world.backends[0].slots.all.try_enter(kHolder));
  world.get();
  // A request without a session moves to the other backend within this time.
  world.wait_long();
  CHECK(world.fakes[1]->connections() == 0);
  world.backends[0].slots.all.leave(kHolder);
  REQUIRE(world.until_asked(0));
  world.fakes[0]->sends(kOk);
  REQUIRE(world.until_end());
  check_end(world, world.client(), {"accept", "head 200 5 [hello] last", "end whole"}, kServed);
}

TEST_CASE("transaction waiting: a session whose backend dies gets another one") {
  World world(two_backends(conf::SessionPolicy::Type::ip));
  world.segment.backends().gate(0).set_limit(1);
  REQUIRE(world.backends[0].slots.all.try_enter(kHolder));
  world.get();
  REQUIRE(world.segment.backends().mark_dead(0, shm::DeadReason::refused, 1));
  REQUIRE(world.until_asked(1));
  CHECK(world.backends[0].slots.all.empty());
  world.backends[0].slots.all.leave(kHolder);
  world.fakes[1]->sends(kOk);
  REQUIRE(world.until_end());
  check_end(world, world.client(), {"accept", "head 200 5 [hello] last", "end whole"},
            R"("GET / HTTP/1.1" 200 5 192.0.2.1:80/1 b2)");
}

TEST_CASE("transaction waiting: the only backend dies") {
  World world({.change = [](conf::Config& config) { config.backends[0].threads = 1; }});
  REQUIRE(world.backends[0].slots.all.try_enter(kHolder));
  world.get();
  REQUIRE(world.segment.backends().mark_dead(0, shm::DeadReason::refused, 1));
  REQUIRE(world.until_end());
  world.backends[0].slots.all.leave(kHolder);
  check_end(world, world.client(), {"accept", "answer 503", "end whole"},
            R"("GET / HTTP/1.1" 503 )" + std::to_string(world.pages.body(503).size()) +
                " 192.0.2.1:80/1 b1 reason=no_backend");
}

// --- clients that leave

namespace {

std::string gone(const std::string& backend) {
  return R"("GET / HTTP/1.1" 499 - 192.0.2.1:80/1 )" + backend + " reason=client_closed";
}

void leave(FakeExchange& client) {
  client.gone = true;
  client.transaction.on_client_readable();
}

}  // namespace

TEST_CASE("transaction waiting: a client that leaves while it waits for the listener") {
  World world({.change = [](conf::Config& config) { config.listeners[0].threads = 1; }});
  REQUIRE(world.listener->slots.all.try_enter(kHolder));
  world.get();
  CHECK(world.slots() == "1 0");
  leave(world.client());
  world.listener->slots.all.leave(kHolder);
  check_end(world, world.client(), {"accept", "end cut off"}, gone("-"));
  CHECK(world.listener->slots.all.empty());
}

TEST_CASE("transaction waiting: a client that leaves while it waits for a backend") {
  World world({.change = [](conf::Config& config) { config.backends[0].threads = 1; }});
  REQUIRE(world.backends[0].slots.all.try_enter(kHolder));
  world.get();
  leave(world.client());
  world.backends[0].slots.all.leave(kHolder);
  check_end(world, world.client(), {"accept", "end cut off"}, gone("b1"));
  CHECK(world.backends[0].slots.all.empty());
  world.expire(kTimeOutMs);
  CHECK(world.records().empty());
}

TEST_CASE("transaction waiting: a client that leaves while Pound connects") {
  World world({.backends = {Mode::deaf}});
  world.get();
  leave(world.client());
  check_end(world, world.client(), {"accept", "end cut off"}, gone("b1"));
  world.expire(kConnToMs);
  CHECK(world.is_live(0));
  CHECK(world.records().empty());
}

TEST_CASE("transaction waiting: a client that leaves before its answer") {
  World world;
  world.get();
  REQUIRE(world.until_asked());
  // Bytes or an orderly end of stream from the client do not end the request.
  world.client().transaction.on_client_readable();
  CHECK(!world.client().ended);
  leave(world.client());
  check_end(world, world.client(), {"accept", "end cut off"}, gone("b1"));
  CHECK(world.until([&] { return world.fakes[0]->is_closed(); }));
}

TEST_CASE("transaction waiting: a client that leaves in the middle of its own body") {
  World world;
  FakeExchange& client = world.client();
  client.sends("ab");
  world.ask(client, "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 6\r\n\r\n");
  REQUIRE(world.until([&] { return world.fakes[0]->received().ends_with("\r\n\r\nab"); }));
  client.sends(BodyPart::Status::gone);
  client.transaction.on_client_readable();
  check_end(world, client, {"accept", "end cut off"},
            R"("POST / HTTP/1.1" 499 - 192.0.2.1:80/1 b1 reason=client_closed)");
  CHECK(world.until([&] { return world.fakes[0]->is_closed(); }));
}

TEST_CASE("transaction waiting: a client that leaves in the middle of its response") {
  World world;
  world.get();
  REQUIRE(world.until_asked());
  FakeExchange& client = world.client();
  world.fakes[0]->sends("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe");
  REQUIRE(world.until([&] { return client.body == "he"; }));
  SUBCASE("and resets") { leave(client); }
  SUBCASE("and a write tells") {
    client.failed = true;
    client.transaction.on_client_writable();
  }
  check_end(world, client, {"accept", "head 200 5 [he]", "end cut off"},
            R"("GET / HTTP/1.1" 200 2 192.0.2.1:80/1 b1 reason=client_closed)");
  CHECK(world.until([&] { return world.fakes[0]->is_closed(); }));
}

TEST_CASE("transaction waiting: cut_off in each step gives back all slots and leaves one record") {
  World world({.backends = {Mode::deaf, Mode::listening},
               .change = [](conf::Config& config) { config.listeners[0].threads = 1; }});
  const std::string kCut = R"("GET / HTTP/1.1" 499 - 192.0.2.1:80/1 )";
  SUBCASE("waiting for the listener") {
    REQUIRE(world.listener->slots.all.try_enter(kHolder));
    world.get();
    world.client().transaction.cut_off("shutdown");
    world.listener->slots.all.leave(kHolder);
    check_end(world, world.client(), {"accept", "end cut off"}, kCut + "- reason=shutdown");
  }
  SUBCASE("connecting") {
    world.segment.backends().mark_dead(1, shm::DeadReason::refused, 1);
    world.get();
    world.client().transaction.cut_off("shutdown");
    check_end(world, world.client(), {"accept", "end cut off"}, kCut + "b1 reason=shutdown");
  }
  SUBCASE("waiting for the answer") {
    world.segment.backends().mark_dead(0, shm::DeadReason::refused, 1);
    world.get();
    REQUIRE(world.until_asked(1));
    world.client().transaction.cut_off("shutdown");
    check_end(world, world.client(), {"accept", "end cut off"}, kCut + "b2 reason=shutdown");
  }
}

namespace {

Setup known_first() {
  return {.change = [](conf::Config& config) {
    conf::Service& service = config.listeners[0].services[0];
    service.session.type = conf::SessionPolicy::Type::ip;
    service.session.ttl = std::chrono::seconds(300);
    service.queue = conf::QueueOrder::known_first;
    config.listeners[0].threads = 1;
  }};
}

std::string waiting(World& world) {
  return std::to_string(world.listener_gate().waiting(1, shm::Rank::known)) + " known, " +
         std::to_string(world.listener_gate().waiting(1, shm::Rank::stranger)) + " strangers";
}

}  // namespace

TEST_CASE("transaction waiting: a client is a stranger until a backend has answered it") {
  World world(known_first());
  const std::uint32_t service = world.listener->services[0].row;
  world.get();
  REQUIRE(world.until_asked());
  FakeExchange& second = world.add_client();
  world.get(second);  // the session has a backend, but no answer yet
  CHECK(waiting(world) == "0 known, 1 strangers");
  CHECK(world.segment.services().strangers(service) == 2);

  const std::size_t head = world.fakes[0]->received().size();
  world.fakes[0]->sends(kOk);
  REQUIRE(world.until([&] { return world.fakes[0]->received().size() > head; }));
  FakeExchange& third = world.add_client();
  world.get(third);
  CHECK(waiting(world) == "1 known, 0 strangers");
  CHECK(world.segment.services().strangers(service) == 2);
  CHECK(world.segment.services().requests(service) == 3);
}

TEST_CASE("transaction waiting: a client whose request had no answer stays a stranger") {
  World world(known_first());
  world.get();
  REQUIRE(world.until_asked());
  world.client().transaction.cut_off("client_closed");
  CHECK(world.slots() == "0 0");
  FakeExchange& holder = world.add_client();
  world.get(holder);
  world.get(world.add_client());
  CHECK(waiting(world) == "0 known, 1 strangers");
}

TEST_CASE("transaction waiting: without the key nobody is a stranger") {
  World world({.change = [](conf::Config& config) { config.listeners[0].threads = 1; }});
  world.get();
  world.get(world.add_client());
  CHECK(waiting(world) == "1 known, 0 strangers");
  CHECK(world.segment.services().strangers(world.listener->services[0].row) == 0);
}
