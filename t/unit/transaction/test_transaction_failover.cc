// Backends that cannot be reached, and backends that fail.
#include <doctest/doctest.h>

#include "t/unit/transaction/harness.h"

using namespace transaction_test;

namespace {

std::string page_size(World& world, int status) {
  return std::to_string(world.pages.body(status).size());
}

}  // namespace

TEST_CASE("transaction failover: a refused connect makes a backend dead, and another one serves") {
  World world(first_of_two(Mode::refusing));
  world.get();
  REQUIRE(world.until_asked(1));
  CHECK(world.slots() == "1 0 1");
  world.fakes[1]->sends(kOk);
  REQUIRE(world.until_end());
  CHECK(world.client().added == "X-Backend: b2\r\n");
  check_end(world, world.client(), {"accept", "head 200 5 [hello] last", "end whole"},
            R"("GET / HTTP/1.1" 200 5 192.0.2.1:80/1 b2)");
  CHECK(!world.is_live(0));
  CHECK(world.is_live(1));
  CHECK(world.lines() ==
        std::vector<std::string>{"backend b1 (127.0.0.1:PORT) is dead: Connection refused"});
  CHECK(world.segment.backends().liveness(0).reason == shm::DeadReason::refused);
  CHECK(world.segment.backends().counters(0).failures == 1);
  CHECK(world.segment.backends().counters(0).requests == 0);
}

TEST_CASE("transaction failover: a body that came with the head goes to the second backend") {
  World world(first_of_two(Mode::refusing));
  FakeExchange& client = world.client();
  client.sends_early = true;
  client.sends("abc", true);
  world.ask(client, "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 3\r\n\r\n");
  REQUIRE(world.until([&] { return world.fakes[1]->received().ends_with("\r\n\r\nabc"); }));
  world.fakes[1]->sends(kOk);
  REQUIRE(world.until_end());
  check_end(world, client, {"accept", "head 200 5 [hello] last", "end whole"},
            R"("POST / HTTP/1.1" 200 5 192.0.2.1:80/1 b2)");
}

TEST_CASE(
    "transaction failover: 503 when no backend can be reached, and dead ones are not tried again") {
  World world({.backends = {Mode::refusing, Mode::refusing}});
  world.get();
  REQUIRE(world.until_end());
  CHECK(!world.is_live(0));
  CHECK(!world.is_live(1));
  CHECK(world.lines().size() == 2);
  CHECK(world.client().calls == Calls{"accept", "answer 503", "end whole"});
  const std::vector<std::string> records = world.records();
  REQUIRE(records.size() == 1);
  CHECK(records[0].starts_with(R"("GET / HTTP/1.1" 503 )" + page_size(world, 503) +
                               " 192.0.2.1:80/1 b"));
  CHECK(records[0].ends_with(" reason=no_backend"));

  FakeExchange& other = world.add_client();
  world.get(other);
  check_end(
      world, other, {"accept", "answer 503", "end whole"},
      R"("GET / HTTP/1.1" 503 )" + page_size(world, 503) + " 192.0.2.1:80/1 - reason=no_backend");
  CHECK(world.lines().empty());
  CHECK(world.segment.backends().counters(0).failures == 1);
}

TEST_CASE("transaction failover: a connect that takes longer than ConnTO") {
  World world(first_of_two(Mode::deaf));
  world.get();
  world.turn();
  CHECK(world.slots() == "1 1 0");
  CHECK(world.is_live(0));
  world.expire(kConnToMs);
  CHECK(!world.is_live(0));
  REQUIRE(world.until_asked(1));
  world.fakes[1]->sends(kOk);
  REQUIRE(world.until_end());
  check_end(world, world.client(), {"accept", "head 200 5 [hello] last", "end whole"},
            R"("GET / HTTP/1.1" 200 5 192.0.2.1:80/1 b2)");
  CHECK(world.lines() ==
        std::vector<std::string>{"backend b1 (127.0.0.1:PORT) is dead: Connection timed out"});
  CHECK(world.segment.backends().liveness(0).reason == shm::DeadReason::timeout);
}

TEST_CASE("transaction failover: Pound tries each address before a backend is dead") {
  World world;
  const FakeBackend refusing(Mode::refusing);
  const FakeBackend deaf(Mode::deaf);
  world.heritages[0].addresses = {refusing.address(), deaf.address(), world.fakes[0]->address()};
  world.get();
  world.turn();
  world.expire(kConnToMs);
  REQUIRE(world.until_asked());
  CHECK(world.is_live(0));
  world.fakes[0]->sends(kOk);
  REQUIRE(world.until_end());
  check_end(world, world.client(), {"accept", "head 200 5 [hello] last", "end whole"},
            R"("GET / HTTP/1.1" 200 5 192.0.2.1:80/1 b1)");
  CHECK(world.segment.backends().counters(0).failures == 0);
}

TEST_CASE("transaction failover: fault A4: a silent address costs one request one ConnTO") {
  World world;
  const FakeBackend deaf(Mode::deaf);
  world.heritages[0].addresses = {deaf.address(), world.fakes[0]->address()};
  world.get();
  world.turn();
  CHECK(world.fakes[0]->connections() == 0);
  world.expire(kConnToMs);
  REQUIRE(world.until_asked());
  CHECK(world.lines() ==
        std::vector<std::string>{"backend b1 (127.0.0.1:PORT) does not answer at 127.0.0.1:" +
                                 std::to_string(deaf.port()) +
                                 ": Connection timed out; its other addresses are tried first"});
  FakeExchange& other = world.add_client();
  world.get(other);
  REQUIRE(world.until_asked(0, 1));  // no further wait for ConnTO
  CHECK(world.lines().empty());
  CHECK(world.is_live(0));
}

TEST_CASE("transaction failover: a backend without addresses is unreachable") {
  World world;
  world.heritages[0].addresses.clear();
  world.get();
  check_end(
      world, world.client(), {"accept", "answer 503", "end whole"},
      R"("GET / HTTP/1.1" 503 )" + page_size(world, 503) + " 192.0.2.1:80/1 b1 reason=no_backend");
  CHECK(world.segment.backends().liveness(0).reason == shm::DeadReason::unreachable);
}

TEST_CASE("transaction failover: a backend that closes without a whole response head") {
  World world;
  world.get();
  REQUIRE(world.until_asked());
  SUBCASE("before a byte of it") {}
  SUBCASE("within the head") { world.fakes[0]->sends("HTTP/1.1 200 OK\r\nConte"); }
  world.fakes[0]->closes();
  REQUIRE(world.until_end());
  check_end(world, world.client(), {"accept", "answer 502", "end whole"},
            R"("GET / HTTP/1.1" 502 )" + page_size(world, 502) +
                " 192.0.2.1:80/1 b1 reason=backend_closed");
  CHECK(world.is_live(0));
  CHECK(world.segment.backends().counters(0).failures == 1);
  CHECK(world.fakes[0]->connections() == 1);
}

TEST_CASE("transaction failover: fault A1: a reset without a response has the backend probed") {
  World world;
  world.get();
  REQUIRE(world.until_asked());
  world.fakes[0]->resets();
  REQUIRE(world.until_end());
  check_end(world, world.client(), {"accept", "answer 502", "end whole"},
            R"("GET / HTTP/1.1" 502 )" + page_size(world, 502) +
                " 192.0.2.1:80/1 b1 reason=backend_reset");
  REQUIRE(world.until([&] { return world.fakes[0]->connections() == 2; }));
  world.turn();
  CHECK(world.is_live(0));
  CHECK(world.lines() ==
        std::vector<std::string>{
            "backend b1 (127.0.0.1:PORT) may be dead: connection reset; probing it",
            "backend b1 (127.0.0.1:PORT) accepts connections, so it stays in use"});
}

TEST_CASE("transaction failover: a reset does not make a backend dead that answers others") {
  World world;
  world.get();
  REQUIRE(world.until_asked());
  FakeExchange& other = world.add_client();
  world.get(other);
  REQUIRE(world.until_asked(0, 1));
  world.fakes[0]->sends(kOk, 1);
  REQUIRE(world.until_end(other));
  world.records();
  world.fakes[0]->resets();
  REQUIRE(world.until_end());
  check_end(world, world.client(), {"accept", "answer 502", "end whole"},
            R"("GET / HTTP/1.1" 502 )" + page_size(world, 502) +
                " 192.0.2.1:80/1 b1 reason=backend_reset");
  CHECK(world.is_live(0));
}

TEST_CASE("transaction failover: an invalid response head is refused with its reason") {
  World world({.detail = 1});
  world.get();
  REQUIRE(world.until_asked());
  world.fakes[0]->sends("SMTP/1.1 200 OK\r\n\r\n");
  REQUIRE(world.until_end());
  check_end(world, world.client(), {"accept", "answer 502", "end whole"},
            R"("GET / HTTP/1.1" 502 )" + page_size(world, 502) +
                " 192.0.2.1:80/1 b1 reason=response_status_line");
  const std::vector<std::string> lines = world.lines();
  REQUIRE(lines.size() == 1);
  CHECK(lines[0] ==
        "response of backend b1 (127.0.0.1:PORT) refused: reason=response_status_line offset=0 "
        "excerpt=\"S\": The response does not begin with a status line. (RFC 9112 4)");
  CHECK(world.is_live(0));
  CHECK(world.segment.backends().counters(0).failures == 1);
}

TEST_CASE("transaction failover: a body that ends too early") {
  World world;
  world.get();
  REQUIRE(world.until_asked());
  std::string reason = "backend_truncated";
  bool resets = false;
  std::string head = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello";
  std::string call = "head 200 10 [hello]";
  SUBCASE("of a length") {}
  SUBCASE("in chunks") {
    head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nhello";
    call = "head 200 chunked [hello]";
  }
  SUBCASE("by a reset") {
    reason = "backend_reset";
    resets = true;
  }
  SUBCASE("by a reset, where a close would have been the end") {
    head = "HTTP/1.1 200 OK\r\n\r\nhello";
    call = "head 200 until close [hello]";
    reason = "backend_reset";
    resets = true;
  }
  world.fakes[0]->sends(head);
  REQUIRE(world.until([&] { return world.client().body == "hello"; }));
  if (resets) {
    world.fakes[0]->resets();
  } else {
    world.fakes[0]->closes();
  }
  REQUIRE(world.until_end());
  check_end(world, world.client(), {"accept", call, "end truncated"},
            R"("GET / HTTP/1.1" 200 5 192.0.2.1:80/1 b1 reason=)" + reason);
  CHECK(world.is_live(0));
}

TEST_CASE("transaction failover: an invalid chunk of a response") {
  World world;
  world.get();
  REQUIRE(world.until_asked());
  world.fakes[0]->sends(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n");
  REQUIRE(world.until_end());
  check_end(world, world.client(), {"accept", "head 200 chunked [hello]", "end truncated"},
            R"("GET / HTTP/1.1" 200 5 192.0.2.1:80/1 b1 reason=chunk_size)");
}

TEST_CASE("transaction failover: a backend that answers and resets during the upload") {
  World world;
  FakeExchange& client = world.client();
  client.sends("ab");
  world.ask(client, "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 600\r\n\r\n");
  REQUIRE(world.until([&] { return world.fakes[0]->received().ends_with("\r\n\r\nab"); }));
  world.fakes[0]->sends(kOk);
  world.fakes[0]->resets();
  // The reset may discard the response. Either way there is one answer and one record.
  REQUIRE(world.until_end());
  const std::vector<std::string> records = world.records();
  REQUIRE(records.size() == 1);
  const bool was_read = client.body == "hello";
  CHECK(records[0] == (was_read ? R"("POST / HTTP/1.1" 200 5 192.0.2.1:80/1 b1)"
                                : R"("POST / HTTP/1.1" 502 )" + page_size(world, 502) +
                                      " 192.0.2.1:80/1 b1 reason=backend_reset"));
  CHECK(world.slots() == "0 0");
}
