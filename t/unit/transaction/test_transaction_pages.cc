// The operator's pages and answers: ErrNNN by level, disabled services, Respond.
#include <doctest/doctest.h>

#include "conf/network.h"
#include "t/unit/transaction/harness.h"
#include "worker/net/address_set.h"

using namespace transaction_test;

namespace {

worker::http::PageText text(std::string of) {
  return std::make_shared<const std::string>(std::move(of));
}

conf::Service& service_of(conf::Config& config) { return config.listeners[0].services[0]; }

conf::Respond respond(int code, const std::string& body = {}) {
  conf::Respond made;
  made.code = code;
  if (body.empty()) return made;
  made.body = body;
  made.type = "text/plain";
  return made;
}

// One service that responds.
Setup responding(const conf::Respond& answer) {
  return {.backends = {Mode::listening}, .change = [answer](conf::Config& config) {
            service_of(config).backends.clear();
            service_of(config).respond = answer;
          }};
}

Setup under_maintenance(std::int64_t retry_after) {
  return {.backends = {Mode::listening}, .change = [retry_after](conf::Config& config) {
            service_of(config).maintenance =
                conf::Maintenance{{"page", {}}, std::chrono::seconds(retry_after)};
          }};
}

void disable(World& world, shm::AdminState state = shm::AdminState::disabled) {
  const std::uint32_t row = world.listener->services[0].row;
  REQUIRE(world.segment.services().admin().set(row, state, 0, 1));
}

std::string size_of(std::string_view page) { return std::to_string(page.size()); }

}  // namespace

TEST_CASE("transaction pages: the most specific level that has a page decides") {
  World world;
  world.pages.global().set(503, text("global 503"));
  world.pages.global().set(404, text("global 404"));
  world.listener_heritage.pages.set(500, text("listener 5xx"));
  world.listener_heritage.service_pages[0].errors.set(502, text("service 502"));
  disable(world);
  world.get();
  CHECK(world.client().page == "listener 5xx");
  world.listener_heritage.service_pages[0].errors.set(500, text("service 5xx"));
  FakeExchange& second = world.add_client();
  world.get(second);
  CHECK(second.page == "service 5xx");
}

TEST_CASE("transaction pages: before the service is known, the listener's") {
  World world;
  world.pages.global().set(400, text("global 400"));
  world.listener_heritage.service_pages[0].errors.set(400, text("service 400"));
  world.ask(world.client(), "GET / HTTP/1.1\r\n\r\n");
  CHECK(world.client().page == "global 400");
  world.listener_heritage.pages.set(400, text("listener 400"));
  FakeExchange& second = world.add_client();
  world.ask(second, "GET / HTTP/1.1\r\n\r\n");
  CHECK(second.page == "listener 400");
}

TEST_CASE("transaction pages: a disabled service answers 503 without a backend") {
  World world;
  disable(world);
  world.get();
  CHECK(world.client().page == world.pages.body(503));
  check_end(world, world.client(), {"accept", "answer 503", "end whole"},
            R"("GET / HTTP/1.1" 503 )" + size_of(world.pages.body(503)) +
                " 192.0.2.1:80/1 - reason=service_disabled");
  CHECK(world.fakes[0]->connections() == 0);
  disable(world, shm::AdminState::enabled);
  FakeExchange& second = world.add_client();
  world.get(second);
  CHECK(world.until_asked());
}

TEST_CASE("transaction pages: Maintenance has a page and a time, for any method") {
  World world(under_maintenance(120));
  world.listener_heritage.service_pages[0].maintenance = text("soon");
  world.listener_heritage.service_pages[0].errors.set(503, text("busy"));
  disable(world);
  world.ask(world.client(), "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 3\r\n\r\n");
  CHECK(world.client().page == "soon");
  check_end(world, world.client(), {"accept", "answer 503 Retry-After: 120", "end whole"},
            R"("POST / HTTP/1.1" 503 4 192.0.2.1:80/1 - reason=service_disabled)");
}

TEST_CASE("transaction pages: the page of Maintenance shows the id of the request") {
  World world(under_maintenance(1));
  world.listener_heritage.service_pages[0].maintenance = text("<{request_id}>");
  disable(world);
  world.get();
  CHECK(world.client().page == "<->");
  world.listener->request_id = "X-Request-ID";
  FakeExchange& second = world.add_client();
  world.get(second);
  CHECK(second.page.size() == 2 + 36);
}

TEST_CASE("transaction pages: a client that Clients refuses learns nothing of the maintenance") {
  World world(under_maintenance(1));
  world.listener_heritage.service_pages[0].maintenance = text("soon");
  std::string error;
  world.listener->services[0].clients.set =
      std::make_shared<const worker::net::AddressSet>(std::vector<worker::net::AddressSet::Entry>{
          {conf::parse_network("192.0.2.7", error).value(), worker::net::AddressMark::deny}});
  disable(world);
  world.get();
  CHECK(world.client().calls == Calls{"accept", "answer 403", "end whole"});
}

TEST_CASE("transaction pages: a disabled service asks for no password and no limit") {
  World world({.backends = {Mode::listening}, .change = [](conf::Config& config) {
                 service_of(config).auth = conf::Auth{"Staff", "users", {}};
                 conf::ClientLimit& limit = service_of(config).client_limits.emplace_back();
                 limit.rate = 1;
                 limit.burst = 1;
               }});
  disable(world);
  for (int i = 0; i < 3; ++i) {
    FakeExchange& client = world.add_client();
    world.get(client);
    CHECK(client.calls == Calls{"accept", "answer 503", "end whole"});
  }
}

TEST_CASE("transaction pages: Respond answers any method with its text") {
  World world(responding(respond(200, "fine\n")));
  world.get();
  CHECK(world.client().page == "fine\n");
  check_end(world, world.client(), {"accept", "answer 200", "end whole"},
            R"("GET / HTTP/1.1" 200 5 192.0.2.1:80/1 -)");
  FakeExchange& second = world.add_client();
  world.ask(second, "DELETE / HTTP/1.1\r\nHost: a.test\r\n\r\n");
  check_end(world, second, {"accept", "answer 200", "end whole"},
            R"("DELETE / HTTP/1.1" 200 5 192.0.2.1:80/1 -)");
}

TEST_CASE("transaction pages: Respond with a file, and without content") {
  conf::Respond teapot = respond(418);
  teapot.file = conf::PageFile{"f", {}};
  World world(responding(teapot));
  world.listener_heritage.service_pages[0].file = text("teapot");
  world.get();
  CHECK(world.client().page == "teapot");
  World empty(responding(respond(204)));
  empty.get();
  CHECK(empty.client().page.empty());
  check_end(empty, empty.client(), {"accept", "answer 204", "end whole"},
            R"("GET / HTTP/1.1" 204 - 192.0.2.1:80/1 -)");
}

TEST_CASE("transaction pages: an error of Respond has the page of its status") {
  World world(responding(respond(404)));
  world.get();
  CHECK(world.client().page == world.pages.body(404));
  world.listener_heritage.service_pages[0].errors.set(404, text("gone {request_id}"));
  FakeExchange& second = world.add_client();
  world.get(second);
  CHECK(second.page == "gone -");
}

TEST_CASE("transaction pages: users and disabling come before Respond") {
  World world({.backends = {Mode::listening}, .change = [](conf::Config& config) {
                 service_of(config).backends.clear();
                 service_of(config).auth = conf::Auth{"Staff", "users", {}};
                 service_of(config).respond = respond(204);
               }});
  world.get();
  CHECK(world.records().at(0).ends_with(" 401 147 192.0.2.1:80/1 - reason=auth_missing"));
  disable(world);
  FakeExchange& second = world.add_client();
  world.get(second);
  CHECK(second.calls == Calls{"accept", "answer 503", "end whole"});
}
