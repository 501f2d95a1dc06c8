// Requests that are served: heads and bodies both ways.
#include <doctest/doctest.h>

#include "t/unit/transaction/harness.h"

using namespace transaction_test;

TEST_CASE("transaction: a request goes out, and its response comes back") {
  World world;
  world.get();
  CHECK(world.slots() == "1 1");
  REQUIRE(world.until_asked());
  CHECK(world.fakes[0]->received() ==
        "GET / HTTP/1.1\r\nHost: a.test\r\nX-Forwarded-For: 192.0.2.7\r\n"
        "X-Forwarded-Proto: http\r\nX-Forwarded-Host: a.test\r\nX-Forwarded-Port: 80\r\n\r\n");
  world.fakes[0]->sends(kOk);
  REQUIRE(world.until_end());
  CHECK(world.client().added == "X-Backend: b1\r\n");
  check_end(world, world.client(), {"accept", "head 200 5 [hello] last", "end whole"},
            R"("GET / HTTP/1.1" 200 5 192.0.2.1:80/1 b1)");
  CHECK(world.lines().empty());
  CHECK(world.segment.backends().counters(0).requests == 1);
  CHECK(world.segment.backends().counters(0).failures == 0);
}

TEST_CASE("transaction: the parts of a response pass as they come") {
  World world;
  world.get();
  REQUIRE(world.until_asked());
  FakeExchange& client = world.client();
  world.fakes[0]->sends("HTTP/1.1 200 OK\r\nContent-");
  world.turn();
  CHECK(client.calls == Calls{"accept"});
  world.fakes[0]->sends("Length: 5\r\n\r\n");
  CHECK(world.until([&] { return client.calls.size() == 2; }));
  world.fakes[0]->sends("he");
  CHECK(world.until([&] { return client.body == "he"; }));
  CHECK(world.slots() == "1 1");
  world.fakes[0]->sends("llo");
  REQUIRE(world.until_end());
  check_end(world, client, {"accept", "head 200 5", "body [he]", "body [llo] last", "end whole"},
            R"("GET / HTTP/1.1" 200 5 192.0.2.1:80/1 b1)");
}

TEST_CASE("transaction: a chunked response loses its framing and keeps its trailer") {
  World world;
  world.get();
  REQUIRE(world.until_asked());
  world.fakes[0]->sends("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n");
  CHECK(world.until([&] { return world.client().body == "ab"; }));
  world.fakes[0]->sends("1\r\nc\r\n0\r\nX-Sum: 1\r\n\r\n");
  REQUIRE(world.until_end());
  check_end(world, world.client(),
            {"accept", "head 200 chunked [ab]", "body [c] last {X-Sum: 1\r\n}", "end whole"},
            R"("GET / HTTP/1.1" 200 3 192.0.2.1:80/1 b1)");
}

TEST_CASE("transaction: the backend's close completes a response without a length") {
  World world;
  world.get();
  REQUIRE(world.until_asked());
  world.fakes[0]->sends("HTTP/1.1 200 OK\r\n\r\nabc");
  CHECK(world.until([&] { return world.client().body == "abc"; }));
  CHECK(!world.client().ended);
  world.fakes[0]->closes();
  REQUIRE(world.until_end());
  check_end(world, world.client(),
            {"accept", "head 200 until close [abc]", "body last", "end whole"},
            R"("GET / HTTP/1.1" 200 3 192.0.2.1:80/1 b1)");
}

TEST_CASE("transaction: responses without a body") {
  World world;
  std::string head = "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n";
  std::string response = "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n";
  std::string status = "304";
  SUBCASE("304") {}
  SUBCASE("HEAD") {
    head = "HEAD / HTTP/1.1\r\nHost: a.test\r\n\r\n";
    response = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
    status = "200";
  }
  world.ask(world.client(), head);
  REQUIRE(world.until_asked());
  world.fakes[0]->sends(response);
  REQUIRE(world.until_end());
  check_end(world, world.client(), {"accept", "head " + status + " none last", "end whole"},
            "\"" + head.substr(0, head.find('\r')) + "\" " + status + " - 192.0.2.1:80/1 b1");
}

TEST_CASE("transaction: a body with a length whose first part comes with the head") {
  World world;
  FakeExchange& client = world.client();
  client.sends_early = true;
  client.sends("ab");
  world.ask(client, "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 6\r\n\r\n");
  REQUIRE(world.until([&] { return world.fakes[0]->received().ends_with("\r\n\r\nab"); }));
  client.sends("cd");
  client.transaction.on_client_readable();
  CHECK(world.until([&] { return world.fakes[0]->received().ends_with("\r\n\r\nabcd"); }));
  client.sends("ef", true);
  client.transaction.on_client_readable();
  CHECK(world.until([&] { return world.fakes[0]->received().ends_with("\r\n\r\nabcdef"); }));
  CHECK(world.fakes[0]->received().find("Content-Length: 6\r\n") != std::string_view::npos);
  world.fakes[0]->sends(kOk);
  REQUIRE(world.until_end());
  check_end(world, client, {"accept", "head 200 5 [hello] last", "end whole"},
            R"("POST / HTTP/1.1" 200 5 192.0.2.1:80/1 b1)");
  // A connection that has carried a body is not used again.
  CHECK(world.until([&] { return world.fakes[0]->is_closed(); }));
}

TEST_CASE("transaction: a chunked body is sent in new chunks, with its trailer") {
  World world;
  FakeExchange& client = world.client();
  client.trailer = "X-Sum: 1\r\n";
  client.sends_early = true;
  client.sends("abc");
  client.sends("de");
  client.sends("", true);
  world.ask(client, "POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n");
  CHECK(world.until([&] { return world.fakes[0]->received().ends_with("X-Sum: 1\r\n\r\n"); }));
  const std::string_view received = world.fakes[0]->received();
  CHECK(received.substr(received.find("\r\n\r\n") + 4) ==
        "3\r\nabc\r\n2\r\nde\r\n0\r\nX-Sum: 1\r\n\r\n");
  world.fakes[0]->sends(kOk);
  REQUIRE(world.until_end());
  check_end(world, client, {"accept", "head 200 5 [hello] last", "end whole"},
            R"("POST / HTTP/1.1" 200 5 192.0.2.1:80/1 b1)");
}

TEST_CASE("transaction: a long body waits while the backend does not read, and arrives whole") {
  World world;
  FakeExchange& client = world.client();
  const std::string part(1u << 20, 'p');
  for (int i = 0; i < 16; ++i) client.sends(part, i == 15);
  world.ask(client, "PUT / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 16777216\r\n\r\n");
  REQUIRE(world.until_asked());
  world.fakes[0]->stops_reading();
  world.turn(10);
  CHECK(!client.body_is_whole());
  world.fakes[0]->reads_again();
  const std::size_t head = world.fakes[0]->received().find("\r\n\r\n") + 4;
  CHECK(world.until([&] { return world.fakes[0]->received().size() == head + (16u << 20); }));
  CHECK(client.body_is_whole());
  world.fakes[0]->sends(kOk);
  REQUIRE(world.until_end());
  check_end(world, client, {"accept", "head 200 5 [hello] last", "end whole"},
            R"("PUT / HTTP/1.1" 200 5 192.0.2.1:80/1 b1)");
}

TEST_CASE("transaction: interim responses pass as they come") {
  World world;
  world.get();
  REQUIRE(world.until_asked());
  world.fakes[0]->sends("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n");
  CHECK(world.until([&] { return world.client().calls.size() == 3; }));
  world.fakes[0]->sends("HTTP/1.1 102 Processing\r\n\r\n" + std::string(kOk));
  REQUIRE(world.until_end());
  check_end(world, world.client(),
            {"accept", "interim 103", "interim 103", "interim 102", "head 200 5 [hello] last",
             "end whole"},
            R"("GET / HTTP/1.1" 200 5 192.0.2.1:80/1 b1)");
}

TEST_CASE("transaction: kMaxInterims interim responses pass, and one more is refused") {
  using worker::http::kMaxInterims;
  for (const bool is_too_many : {false, true}) {
    World world;
    world.get();
    REQUIRE(world.until_asked());
    std::string interims;
    for (std::size_t i = 0; i < kMaxInterims + (is_too_many ? 1 : 0); ++i) {
      interims += "HTTP/1.1 103 Early Hints\r\n\r\n";
    }
    world.fakes[0]->sends(interims + std::string(kOk));
    REQUIRE(world.until_end());
    Calls calls(kMaxInterims + 1, "interim 103");
    calls[0] = "accept";
    calls.emplace_back(is_too_many ? "answer 502" : "head 200 5 [hello] last");
    calls.emplace_back("end whole");
    const std::size_t page = world.pages.body(502).size();
    check_end(world, world.client(), calls,
              is_too_many ? R"("GET / HTTP/1.1" 502 )" + std::to_string(page) +
                                " 192.0.2.1:80/1 b1 reason=response_interims_many"
                          : R"("GET / HTTP/1.1" 200 5 192.0.2.1:80/1 b1)");
  }
}

TEST_CASE("transaction: a whole response ends an unfinished upload") {
  World world;
  FakeExchange& client = world.client();
  client.sends("ab");
  world.ask(client, "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 6\r\n\r\n");
  REQUIRE(world.until([&] { return world.fakes[0]->received().ends_with("\r\n\r\nab"); }));
  world.fakes[0]->sends(kOk);
  REQUIRE(world.until_end());
  check_end(world, client, {"accept", "head 200 5 [hello] last", "end whole"},
            R"("POST / HTTP/1.1" 200 5 192.0.2.1:80/1 b1)");
  CHECK(world.until([&] { return world.fakes[0]->is_closed(); }));
}

TEST_CASE("transaction: the upload goes on while the response begins") {
  World world;
  FakeExchange& client = world.client();
  client.sends("ab");
  world.ask(client, "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 6\r\n\r\n");
  REQUIRE(world.until([&] { return world.fakes[0]->received().ends_with("\r\n\r\nab"); }));
  world.fakes[0]->sends("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe");
  CHECK(world.until([&] { return client.body == "he"; }));
  client.sends("cdef", true);
  client.transaction.on_client_readable();
  CHECK(world.until([&] { return world.fakes[0]->received().ends_with("\r\n\r\nabcdef"); }));
  world.fakes[0]->sends("llo");
  REQUIRE(world.until_end());
  check_end(world, client, {"accept", "head 200 5 [he]", "body [llo] last", "end whole"},
            R"("POST / HTTP/1.1" 200 5 192.0.2.1:80/1 b1)");
}

TEST_CASE("transaction: a slow client does not hold the backend once its response was read") {
  World world;
  FakeExchange& client = world.client();
  client.room = 2;
  world.get();
  REQUIRE(world.until_asked());
  world.fakes[0]->sends(kOk);
  CHECK(world.until([&] { return client.body == "hello"; }));
  CHECK(!client.ended);
  CHECK(world.slots() == "0 0");
  CHECK(world.backends[0].pool.size() == 1);
  client.room = 5;
  client.transaction.on_client_writable();
  check_end(world, client, {"accept", "head 200 5 [hello] last", "end whole"},
            R"("GET / HTTP/1.1" 200 5 192.0.2.1:80/1 b1)");
}

TEST_CASE("transaction: Pound stops reading from the backend while the client takes nothing") {
  World world;
  FakeExchange& client = world.client();
  client.room = 2;
  world.get();
  REQUIRE(world.until_asked());
  world.fakes[0]->sends("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nhello");
  CHECK(world.until([&] { return client.body == "hello"; }));
  world.fakes[0]->sends("abc");
  world.turn();
  CHECK(client.body == "hello");
  CHECK(world.slots() == "1 1");
  client.room = UINT64_MAX;
  client.transaction.on_client_writable();
  check_end(world, client, {"accept", "head 200 8 [hello]", "body [abc] last", "end whole"},
            R"("GET / HTTP/1.1" 200 8 192.0.2.1:80/1 b1)");
}

TEST_CASE("transaction: a long response arrives whole") {
  World world;
  world.get();
  REQUIRE(world.until_asked());
  const std::string part(200'000, 'r');
  world.fakes[0]->sends("HTTP/1.1 200 OK\r\nContent-Length: 4000000\r\n\r\n");
  for (std::size_t sent = 0; sent < 4'000'000; sent += part.size()) {
    CHECK(world.until([&] { return world.client().body.size() == sent; }));
    world.fakes[0]->sends(part);
  }
  REQUIRE(world.until_end());
  CHECK((world.client().body == std::string(4'000'000, 'r')));
  CHECK(world.records() ==
        std::vector<std::string>{R"("GET / HTTP/1.1" 200 4000000 192.0.2.1:80/1 b1)"});
}

TEST_CASE("transaction: no state of one request leaks into the next") {
  World world;
  FakeExchange& client = world.client();
  client.sends("ab");
  client.sends(BodyPart::Status::gone);
  world.ask(client, "POST /a HTTP/1.1\r\nHost: a.test\r\nContent-Length: 6\r\n\r\n");
  REQUIRE(world.until_end());
  REQUIRE(world.until([&] { return world.fakes[0]->is_closed(); }));
  CHECK(world.records() ==
        std::vector<std::string>{
            R"("POST /a HTTP/1.1" 499 - 192.0.2.1:80/1 b1 reason=client_closed)"});
  client.calls.clear();
  client.ended = false;
  world.get(client, "/b");
  REQUIRE(world.until_asked(0, 1));
  CHECK(world.fakes[0]->received(1).starts_with("GET /b HTTP/1.1\r\n"));
  CHECK(world.fakes[0]->received(1).ends_with("\r\n\r\n"));
  world.fakes[0]->sends(kOk, 1);
  REQUIRE(world.until_end());
  check_end(world, client, {"accept", "head 200 5 [hello] last", "end whole"},
            R"("GET /b HTTP/1.1" 200 5 192.0.2.1:80/1 b1)");
}
