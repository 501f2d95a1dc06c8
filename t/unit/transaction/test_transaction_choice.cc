// Which backend a request gets: hash, disabled backends, emergencies, and the cookie of INSERT.
#include <doctest/doctest.h>

#include "t/unit/transaction/harness.h"

using namespace transaction_test;

namespace {

// Another client, which holds slots.
constexpr worker::route::ClientHash kHolder = 7;

constexpr std::string_view kCookieStart = "X-Backend: b1\r\nSet-Cookie: PSRV=";

conf::Service& service(conf::Config& config) { return config.listeners[0].services[0]; }

// Two backends; the balancer chooses the first one while it may.
Setup with(const std::function<void(conf::Config&)>& change) {
  return {.backends = {Mode::listening, Mode::listening}, .change = [change](conf::Config& config) {
            config.backends[0].own_weight = 60'000;
            config.backends[1].own_weight = 1;
            change(config);
          }};
}

Setup with_cookie() {
  return with([](conf::Config& config) {
    service(config).session.type = conf::SessionPolicy::Type::insert;
    service(config).session.id = "PSRV";
  });
}

void answer(World& world, FakeExchange& client, std::size_t backend, std::string_view text = kOk) {
  const std::size_t last = world.fakes[backend]->connections() - 1;
  world.fakes[backend]->sends(text, last);
  REQUIRE(world.until_end(client));
}

void order(World& world, std::uint32_t backend, shm::AdminState state) {
  REQUIRE(world.segment.backends().admin().set(backend, state, 0, 1));
}

// The response of one request with these fields: what was added to it.
std::string added(World& world, const std::string& fields, std::size_t backend) {
  FakeExchange& client = world.add_client();
  world.ask(client, "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n" + fields + "\r\n");
  const std::size_t before = world.fakes[backend]->connections();
  REQUIRE(world.until([&] { return world.fakes[backend]->connections() > before; }));
  REQUIRE(world.until_asked(backend, before));
  answer(world, client, backend);
  return client.added;
}

// The cookie that names the backend: "PSRV=…".
std::string cookie_for(World& world, std::size_t backend) {
  std::string field;
  world.listener->services[0].cookie->append_field(backend, false, field);
  return field.substr(12, 5 + 32);
}

}  // namespace

TEST_CASE("transaction choice: a key waits for its own backend") {
  World world(with([](conf::Config& config) {
    service(config).balance = conf::Balance::hash;
    config.backends[0].threads = 1;
  }));
  REQUIRE(world.backends[0].slots.all.try_enter(kHolder));
  world.get();
  CHECK(world.slots() == "1 1 0");
  // With another balance the request moves to the other backend within this time.
  world.wait_long();
  CHECK(world.fakes[1]->connections() == 0);
  world.backends[0].slots.all.leave(kHolder);
  REQUIRE(world.until_asked(0));
  answer(world, world.client(), 0);
}

TEST_CASE("transaction choice: a key whose backend is dead goes to the next one") {
  World world(with([](conf::Config& config) { service(config).balance = conf::Balance::hash; }));
  REQUIRE(world.segment.backends().mark_dead(0, shm::DeadReason::refused, 1));
  world.get();
  REQUIRE(world.until_asked(1));
  answer(world, world.client(), 1);
}

TEST_CASE("transaction choice: a drained backend gets no request, even after a long wait") {
  World world(with([](conf::Config& config) { config.backends[1].threads = 1; }));
  order(world, 0, shm::AdminState::drained);
  REQUIRE(world.backends[1].slots.all.try_enter(kHolder));
  world.get();
  CHECK(world.slots() == "1 0 1");
  world.wait_long();
  CHECK(world.fakes[0]->connections() == 0);
  world.backends[1].slots.all.leave(kHolder);
  REQUIRE(world.until_asked(1));
  answer(world, world.client(), 1);
}

TEST_CASE("transaction choice: a request that failed does not go on to a drained backend") {
  World world(with([](conf::Config&) {}));
  order(world, 1, shm::AdminState::drained);
  world.get();
  REQUIRE(world.until_asked(0));
  world.fakes[0]->closes();
  REQUIRE(world.until_end());
  CHECK(world.fakes[1]->connections() == 0);
  check_end(world, world.client(), {"accept", "answer 502", "end whole"},
            R"("GET / HTTP/1.1" 502 )" + std::to_string(world.pages.body(502).size()) +
                " 192.0.2.1:80/1 b1 reason=backend_closed");
}

TEST_CASE("transaction choice: an emergency serves when nothing else does, and binds no session") {
  World world(with([](conf::Config& config) {
    service(config).backends = {0};
    service(config).emergency = {1};
    service(config).session.type = conf::SessionPolicy::Type::ip;
    service(config).session.ttl = std::chrono::seconds(300);
  }));
  REQUIRE(world.segment.backends().mark_dead(0, shm::DeadReason::refused, 1));
  world.get();
  REQUIRE(world.until_asked(1));
  answer(world, world.client(), 1);
  worker::route::SessionAffinity& affinity = world.listener->services[0].affinity;
  const auto key = affinity.key_of({}, "192.0.2.7");
  REQUIRE(key);
  CHECK(!affinity.find(*key, worker::net::EventLoop::now_ms()));
  CHECK(world.records() == std::vector<std::string>{R"("GET / HTTP/1.1" 200 5 192.0.2.1:80/1 b2)"});
  CHECK(world.lines() ==
        std::vector<std::string>{"service 192.0.2.1:80/1: none of its backends may serve; "
                                 "b2 (127.0.0.1:PORT) of Emergency does"});
  REQUIRE(world.segment.backends().mark_live(0, 2));
  FakeExchange& next = world.add_client();
  world.get(next);
  REQUIRE(world.until_asked(0));
  answer(world, next, 0);
}

TEST_CASE("transaction choice: the connect of an emergency fails, too") {
  World world({.backends = {Mode::refusing, Mode::refusing}, .change = [](conf::Config& config) {
                 service(config).backends = {0};
                 service(config).emergency = {1};
               }});
  world.get();
  REQUIRE(world.until_end());
  check_end(world, world.client(), {"accept", "answer 503", "end whole"},
            R"("GET / HTTP/1.1" 503 )" + std::to_string(world.pages.body(503).size()) +
                " 192.0.2.1:80/1 b2 reason=no_backend");
}

TEST_CASE("transaction choice: only a client without the cookie of its backend gets it") {
  World world(with_cookie());
  const std::string first = added(world, "", 0);
  CHECK(first == std::string(kCookieStart) + cookie_for(world, 0).substr(5) +
                     "; Path=/; HttpOnly; SameSite=Lax\r\n");
  CHECK(added(world, "Cookie: " + cookie_for(world, 0) + "\r\n", 0) == "X-Backend: b1\r\n");
  CHECK(added(world, "Cookie: " + cookie_for(world, 1) + "\r\n", 1) == "X-Backend: b2\r\n");
  CHECK(added(world, "Cookie: PSRV=forged\r\n", 0) == first);
}

TEST_CASE("transaction choice: a cookie holds on to a drained backend, not to a disabled one") {
  World world(with_cookie());
  order(world, 1, shm::AdminState::drained);
  const std::string cookie = "Cookie: " + cookie_for(world, 1) + "\r\n";
  CHECK(added(world, cookie, 1) == "X-Backend: b2\r\n");
  order(world, 1, shm::AdminState::disabled);
  CHECK(added(world, cookie, 0)
            .starts_with(std::string(kCookieStart) + cookie_for(world, 0).substr(5)));
  order(world, 1, shm::AdminState::enabled);
  CHECK(added(world, cookie, 1) == "X-Backend: b2\r\n");
}

TEST_CASE("transaction choice: a request that waits for a backend leaves it when it is disabled") {
  World world(with([](conf::Config& config) { config.backends[0].threads = 1; }));
  REQUIRE(world.backends[0].slots.all.try_enter(kHolder));
  world.get();
  CHECK(world.slots() == "1 1 0");
  order(world, 0, shm::AdminState::disabled);
  world.backends[0].slots.all.leave(kHolder);
  REQUIRE(world.until_asked(1));
  CHECK(world.fakes[0]->connections() == 0);
  answer(world, world.client(), 1);
}

TEST_CASE("transaction choice: no connection to a disabled backend is kept") {
  World world(with([](conf::Config&) {}));
  world.get();
  REQUIRE(world.until_asked(0));
  order(world, 0, shm::AdminState::disabled);
  answer(world, world.client(), 0);
  CHECK(world.backends[0].pool.size() == 0);
}

TEST_CASE("transaction choice: a cookie holds on to a backend, not to a dead one") {
  World world(with_cookie());
  const std::string cookie = "Cookie: " + cookie_for(world, 1) + "\r\n";
  CHECK(added(world, cookie, 1) == "X-Backend: b2\r\n");
  REQUIRE(world.segment.backends().mark_dead(1, shm::DeadReason::refused, 1));
  CHECK(added(world, cookie, 0)
            .starts_with(std::string(kCookieStart) + cookie_for(world, 0).substr(5)));
}

TEST_CASE("transaction choice: an answer of Pound and of an emergency has no cookie") {
  World world(with([](conf::Config& config) {
    service(config).backends = {0};
    service(config).emergency = {1};
    service(config).session.type = conf::SessionPolicy::Type::insert;
    service(config).session.id = "PSRV";
  }));
  REQUIRE(world.segment.backends().mark_dead(0, shm::DeadReason::refused, 1));
  CHECK(added(world, "", 1) == "X-Backend: b2\r\n");
}
