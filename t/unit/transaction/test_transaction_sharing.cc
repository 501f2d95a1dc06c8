// Sessions that machines share: what a request asks the store, and which backend it goes to.
#include <doctest/doctest.h>

#include "t/unit/transaction/harness.h"

using namespace transaction_test;

namespace {

conf::Service& service(conf::Config& config) { return config.listeners[0].services[0]; }

// Two backends; the balancer chooses the first one while it may.
Setup sharing(
    conf::SessionPolicy::Type type = conf::SessionPolicy::Type::ip,
    const std::function<void(conf::Config&)>& change = [](conf::Config&) {}) {
  return {.backends = {Mode::listening, Mode::listening},
          .change =
              [=](conf::Config& config) {
                config.backends[0].own_weight = 60'000;
                config.backends[1].own_weight = 1;
                service(config).session.type = type;
                service(config).session.id = "sid";
                service(config).session.ttl = std::chrono::seconds(300);
                change(config);
              },
          .has_store = true};
}

// What the store calls the backend.
std::string name_of(World& world, std::size_t backend) {
  return "127.0.0.1:" + std::to_string(world.fakes[backend]->port());
}

// The commands since the last call, with KEY for the key and B1, B2 for the backends.
std::vector<std::string> commands(World& world) {
  std::vector<std::string> all = std::exchange(world.fake_store.commands, {});
  for (std::string& one : all) {
    const std::size_t at = one.find("pound:");
    if (at != std::string::npos) {
      REQUIRE(one.substr(at + 6, 32).find_first_not_of("0123456789abcdef") == std::string::npos);
      one.replace(at, 6 + 32, "KEY");
    }
    for (std::size_t i = 0; i < 2; ++i) {
      const std::string name = name_of(world, i);
      const std::size_t found = one.find(name);
      if (found != std::string::npos) one.replace(found, name.size(), "B" + std::to_string(i + 1));
    }
  }
  return all;
}

// One request, which is answered.
void serve(World& world, std::size_t backend, const std::string& fields = "",
           const std::string& added = "") {
  FakeExchange& client = world.add_client();
  const std::size_t before = world.fakes[backend]->connections();
  world.ask(client, "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n" + fields + "\r\n");
  REQUIRE(world.until([&] { return world.fakes[backend]->has_head(before); }));
  world.fakes[backend]->sends("HTTP/1.1 200 OK\r\n" + added + "Content-Length: 5\r\n\r\nhello",
                              before);
  REQUIRE(world.until_end(client));
}

std::string only_key(World& world) {
  REQUIRE(world.fake_store.data.size() == 1);
  return world.fake_store.data.begin()->first;
}

}  // namespace

TEST_CASE(
    "transaction sharing: an unknown session is one look-up and one write, a known one nothing") {
  World world(sharing());
  serve(world, 0);
  CHECK(commands(world) == Calls{"GET KEY", "SET KEY B1 PX 300000 NX"});
  serve(world, 0);
  CHECK(commands(world) == Calls{});
}

TEST_CASE("transaction sharing: a session that another machine has begun keeps its backend") {
  World world(sharing());
  serve(world, 0);
  const std::string key = only_key(world);
  world.fake_store.data[key] = name_of(world, 1);
  world.segment.sessions().forget_backend(world.heritages[0].id);
  world.fake_store.commands.clear();
  serve(world, 1);
  CHECK(commands(world) == Calls{"GET KEY", "PEXPIRE KEY 300000"});
  serve(world, 1);
  CHECK(commands(world) == Calls{});
}

TEST_CASE("transaction sharing: when another machine is faster, its choice counts") {
  World world(sharing());
  world.fake_store.script = [&](const store_test::Words& words) -> std::optional<std::string> {
    // Between the look-up and the claim.
    if (words[0] == "GET" && world.fake_store.data.empty()) {
      world.fake_store.data[words[1]] = name_of(world, 1);
      return "$-1\r\n";
    }
    return std::nullopt;
  };
  serve(world, 1);
  CHECK(commands(world) == Calls{"GET KEY", "SET KEY B1 PX 300000 NX", "GET KEY"});
  serve(world, 1);
  CHECK(commands(world) == Calls{});
}

TEST_CASE("transaction sharing: a session whose backend is dead moves, for all machines") {
  World world(sharing());
  serve(world, 0);
  commands(world);
  REQUIRE(world.segment.backends().mark_dead(0, shm::DeadReason::refused, 1));
  SUBCASE("no machine has moved it yet") {
    serve(world, 1);
    CHECK(commands(world) == Calls{"GET KEY", "PEXPIRE KEY 300000", "SET KEY B2 PX 300000"});
    CHECK(world.fake_store.data[only_key(world)] == name_of(world, 1));
  }
  SUBCASE("another one has") {
    world.fake_store.data[only_key(world)] = name_of(world, 1);
    serve(world, 1);
    CHECK(commands(world) == Calls{"GET KEY", "PEXPIRE KEY 300000"});
  }
}

TEST_CASE("transaction sharing: a backend that this machine does not have is replaced") {
  World world(sharing());
  serve(world, 0);
  commands(world);
  world.fake_store.data[only_key(world)] = "192.0.2.99:80";
  world.segment.sessions().forget_backend(world.heritages[0].id);
  serve(world, 0);
  CHECK(commands(world) == Calls{"GET KEY", "PEXPIRE KEY 300000", "SET KEY B1 PX 300000"});
}

TEST_CASE("transaction sharing: a session that the backend begins is told to the store once") {
  World world(sharing(conf::SessionPolicy::Type::cookie));
  serve(world, 0, "", "Set-Cookie: sid=abc\r\n");
  world.turn();
  CHECK(commands(world) == Calls{"SET KEY B1 PX 300000"});
  serve(world, 0, "Cookie: sid=abc\r\n", "Set-Cookie: sid=abc\r\n");
  world.turn();
  CHECK(commands(world) == Calls{});
}

TEST_CASE("transaction sharing: strangers are known to all machines after the answer only") {
  World world(sharing(conf::SessionPolicy::Type::ip, [](conf::Config& config) {
    service(config).queue = conf::QueueOrder::known_first;
  }));
  FakeExchange& client = world.client();
  world.get(client);
  REQUIRE(world.until_asked(0));
  CHECK(commands(world) == Calls{"GET KEY", "SET KEY ?B1 PX 300000 NX"});
  world.fakes[0]->sends(kOk);
  REQUIRE(world.until_end(client));
  world.turn();
  CHECK(commands(world) == Calls{"SET KEY B1 PX 300000"});
}

TEST_CASE("transaction sharing: without the store the request goes on alone") {
  World world(sharing());
  world.fake_store.server.closes();
  REQUIRE(
      world.until([&] { return world.segment.store().link(world.row) == shm::StoreLink::down; }));
  serve(world, 0);
  serve(world, 0);
  CHECK(commands(world) == Calls{});
  CHECK(world.segment.store().sums()[static_cast<std::size_t>(shm::StoreCount::skipped)] == 2);
}

TEST_CASE("transaction sharing: a client that leaves while the store is asked") {
  World world(sharing());
  world.fake_store.is_silent = true;
  FakeExchange& client = world.add_client();
  world.get(client);
  REQUIRE(world.until([&] { return world.fake_store.withheld.size() == 1; }));
  CHECK(world.slots() == "0 0 0");
  client.transaction.cut_off("stopped");
  CHECK(client.ended);
  world.fake_store.speak();
  world.turn();
  CHECK(world.fakes[0]->connections() == 0);
}

TEST_CASE(
    "transaction sharing: a claim holds the listener's slot, and a client that leaves frees it") {
  World world(sharing());
  FakeExchange& client = world.add_client();
  world.fake_store.script = [&](const store_test::Words& words) -> std::optional<std::string> {
    if (words[0] == "SET") return "";
    return std::nullopt;
  };
  world.get(client);
  REQUIRE(world.until([&] { return world.fake_store.commands.size() == 2; }));
  CHECK(world.slots() == "1 0 0");
  client.transaction.cut_off("stopped");
  CHECK(world.slots() == "0 0 0");
}

TEST_CASE("transaction sharing: a client that has closed its side only gets its response") {
  World world(sharing());
  world.fake_store.is_silent = true;
  FakeExchange& client = world.add_client();
  world.get(client);
  REQUIRE(world.until([&] { return world.fake_store.withheld.size() == 1; }));
  client.peer_ended = true;
  client.transaction.on_client_readable();
  CHECK(!client.ended);
  world.fake_store.speak();
  REQUIRE(world.until_asked(0));
  world.fakes[0]->sends(kOk);
  CHECK(world.until_end(client));
  CHECK(world.records() == Calls{"\"GET / HTTP/1.1\" 200 5 192.0.2.1:80/1 b1"});
}

TEST_CASE("transaction sharing: services without sessions, and with INSERT, ask nothing") {
  SUBCASE("none") {
    World world(sharing(conf::SessionPolicy::Type::none));
    serve(world, 0);
    CHECK(commands(world) == Calls{});
  }
  SUBCASE("INSERT") {
    World world(sharing(conf::SessionPolicy::Type::insert));
    serve(world, 0);
    CHECK(commands(world) == Calls{});
  }
}
