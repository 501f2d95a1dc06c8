// Services with Serve: documents in parts, at the client's pace.
#include <doctest/doctest.h>

#include "t/unit/transaction/harness.h"
#include "worker/serve/page_files.h"

using namespace transaction_test;

namespace {

constexpr std::size_t kBackends = 300;

// One service that serves the state of many backends.
Setup serving() {
  return {.backends = {Mode::listening}, .change = [](conf::Config& config) {
            conf::Service& service = config.listeners[0].services[0];
            service.backends.clear();
            service.serve = conf::Serve::status;
          }};
}

void add_backends(World& world) {
  for (std::size_t i = 0; i < kBackends; ++i) world.segment.backends().enroll(100 + i, 4, 0);
}

}  // namespace

TEST_CASE("transaction serve: a short document has a length") {
  World world(serving());
  world.get(world.client(), "/status.json");
  REQUIRE(world.until_end());
  FakeExchange& client = world.client();
  const std::string size = std::to_string(client.body.size());
  check_end(world, client, {"accept", "head 200 " + size + " " + size + " bytes last", "end whole"},
            R"("GET /status.json HTTP/1.1" 200 )" + size + " 192.0.2.1:80/1 -");
  CHECK(client.body.starts_with("{\"process\":"));
  CHECK(client.added.starts_with("Content-Type: application/json\r\n"));
  CHECK(client.added.ends_with("Referrer-Policy: no-referrer\r\n"));
}

TEST_CASE("transaction serve: HEAD gets no body") {
  World world(serving());
  world.ask(world.client(), "HEAD /status.json HTTP/1.1\r\nHost: a.test\r\n\r\n");
  REQUIRE(world.until_end());
  check_end(world, world.client(), {"accept", "head 200 none last", "end whole"},
            R"("HEAD /status.json HTTP/1.1" 200 - 192.0.2.1:80/1 -)");
}

TEST_CASE("transaction serve: other methods and other paths") {
  World world(serving());
  world.ask(world.client(), "DELETE /status.json HTTP/1.1\r\nHost: a.test\r\n\r\n");
  FakeExchange& other = world.add_client();
  world.get(other, "/a/pound");
  CHECK(world.client().calls == Calls{"accept", "answer 405 Allow: GET, HEAD", "end whole"});
  CHECK(other.calls == Calls{"accept", "answer 302 Location: ./pound/", "end whole"});
}

TEST_CASE("transaction serve: the next part comes when the client has taken the one before") {
  World world(serving());
  add_backends(world);
  FakeExchange& client = world.client();
  client.room = 1000;
  world.get(client, "/status.json");
  world.turn(5);
  CHECK(client.calls.size() == 2);  // accept, and the head with the first part
  CHECK(world.budget.used() > kBackends * sizeof(shm::BackendStatus));
  const std::size_t first = client.body.size();
  client.room = first + 1000;
  client.transaction.on_client_writable();
  world.turn(5);
  CHECK(client.calls.size() == 3);
  CHECK(client.body.size() < first + 2 * worker::serve::kPartSize);
  client.room = UINT64_MAX;
  client.transaction.on_client_writable();
  REQUIRE(world.until_end());
  CHECK(client.body.ends_with("]}\n"));
  CHECK(client.calls.back() == "end whole");
  CHECK(world.budget.used() == 0);
}

TEST_CASE("transaction serve: a turn of the loop makes few parts") {
  World world(serving());
  add_backends(world);
  world.get(world.client(), "/status.json");
  CHECK(world.client().body.size() < 3 * worker::serve::kPartSize);
  CHECK(world.client().wants_to_read_later);
  REQUIRE(world.until_end());
  CHECK(world.client().body.ends_with("]}\n"));
}

TEST_CASE("transaction serve: a client that takes nothing, or leaves") {
  World world(serving());
  add_backends(world);
  world.client().room = 10;
  world.get(world.client(), "/status.json");
  FakeExchange& leaver = world.add_client();
  leaver.room = 10;
  world.get(leaver, "/status.json");
  leaver.gone = true;
  leaver.transaction.on_client_readable();
  CHECK(leaver.ended);
  world.expire(kClientMs);  // it has taken bytes since the start
  world.expire(kClientMs);
  CHECK(world.client().ended);
  CHECK(world.client().calls.back() == "end cut off");
  CHECK(world.budget.used() == 0);
}

TEST_CASE("transaction serve: without memory it is refused for now") {
  World world(serving());
  add_backends(world);
  REQUIRE(world.budget.take(world.budget.left()));
  world.get(world.client(), "/status.json");
  REQUIRE(world.until_end());
  CHECK(world.client().calls == Calls{"accept", "answer 503 Retry-After: 1", "end whole"});
  CHECK(world.records().at(0).ends_with("reason=serve_memory"));
}

TEST_CASE("transaction serve: the page") {
  World world(serving());
  world.get(world.client(), "/pound/");
  REQUIRE(world.until_end());
  CHECK(world.client().body.starts_with("<!DOCTYPE html>"));
  CHECK(world.client().body.ends_with("</html>\n"));
}
