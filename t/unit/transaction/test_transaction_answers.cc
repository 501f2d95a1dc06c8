// Responses that Pound makes itself: refusals, pages and redirects.
#include <doctest/doctest.h>

#include "t/unit/tls/harness.h"
#include "t/unit/transaction/harness.h"

using namespace transaction_test;
using worker::http::Reason;

namespace {

std::string page_size(World& world, int status) {
  return std::to_string(world.pages.body(status).size());
}

std::uint64_t refusals(World& world, Reason reason) {
  return world.segment.listeners().refusals(0)[static_cast<std::size_t>(reason)];
}

}  // namespace

TEST_CASE("transaction answers: a head with a syntax error") {
  World world({.detail = 1});
  world.ask(world.client(), "GET / HTTP/1.1\r\nHost : a.test\r\n\r\n");
  CHECK(world.client().page == world.pages.body(400));
  check_end(world, world.client(), {"answer 400 refused", "end refused"},
            R"("GET / HTTP/1.1" 400 )" + page_size(world, 400) +
                " 192.0.2.1:80 - reason=space_before_colon");
  CHECK(refusals(world, Reason::space_before_colon) == 1);
  const std::vector<std::string> lines = world.lines();
  REQUIRE(lines.size() == 1);
  CHECK(
      lines[0].starts_with("request of 192.0.2.7 to 192.0.2.1:80 refused: "
                           "reason=space_before_colon offset="));
}

TEST_CASE("transaction answers: a request without Host") {
  World world;
  world.ask(world.client(), "GET / HTTP/1.1\r\n\r\n");
  check_end(
      world, world.client(), {"accept", "answer 400 refused", "end refused"},
      R"("GET / HTTP/1.1" 400 )" + page_size(world, 400) + " 192.0.2.1:80 - reason=host_missing");
  CHECK(world.lines().empty());
}

TEST_CASE("transaction answers: 405 lists the allowed methods") {
  World world;
  world.ask(world.client(), "TRACE / HTTP/1.1\r\nHost: a.test\r\n\r\n");
  const std::string allow(worker::http::kAllowedMethods);
  check_end(world, world.client(), {"answer 405 Allow: " + allow + " refused", "end refused"},
            R"("TRACE / HTTP/1.1" 405 )" + page_size(world, 405) +
                " 192.0.2.1:80 - reason=method_refused");
}

TEST_CASE("transaction answers: a head that is late") {
  World world;
  world.ask_too_late(world.client());
  check_end(world, world.client(), {"answer 408", "end whole"},
            R"("-" 408 )" + page_size(world, 408) + " 192.0.2.1:80 - reason=head_timeout");
}

TEST_CASE("transaction answers: no service matches") {
  World world({.change = [](conf::Config& config) { config.listeners[0].services.clear(); }});
  world.get();
  check_end(
      world, world.client(), {"accept", "answer 404", "end whole"},
      R"("GET / HTTP/1.1" 404 )" + page_size(world, 404) + " 192.0.2.1:80 - reason=no_service");
}

TEST_CASE("transaction answers: a redirect, with its page") {
  World world({.change = [](conf::Config& config) {
    conf::Redirect redirect;
    redirect.code = 301;
    redirect.scheme = "https://";
    redirect.port = ":8443";
    config.listeners[0].services[0].redirect = redirect;
  }});
  world.get(world.client(), "/a?b=c");
  CHECK(world.client().page.find("https://a.test:8443/a?b=c") != std::string::npos);
  check_end(world, world.client(),
            {"accept", "answer 301 Location: https://a.test:8443/a?b=c", "end whole"},
            R"("GET /a?b=c HTTP/1.1" 301 )" + std::to_string(world.client().page.size()) +
                " 192.0.2.1:80/1 -");
  CHECK(world.fakes[0]->connections() == 0);
}

TEST_CASE("transaction answers: an answer to HEAD counts no bytes") {
  World world({.change = [](conf::Config& config) { config.listeners[0].services.clear(); }});
  world.ask(world.client(), "HEAD / HTTP/1.1\r\nHost: a.test\r\n\r\n");
  check_end(world, world.client(), {"accept", "answer 404", "end whole"},
            R"("HEAD / HTTP/1.1" 404 - 192.0.2.1:80 - reason=no_service)");
}

TEST_CASE("transaction answers: with StrictSNI a host that the certificate lacks is misdirected") {
  const Folder folder;
  conf::Tls tls;
  tls.certificates = {{folder.write("a.pem", tls_test::simple_pem("a.test", "DNS:a.test")), {}}};
  tls.strict_sni = true;
  conf::Diagnostics diagnostics;
  const auto context = tls_test::make_context(tls, diagnostics);
  tls_test::Pair pair(*context);
  REQUIRE(pair.shake_hands("a.test"));
  World world({.change = [&](conf::Config& config) { config.listeners[0].tls = tls; }});
  world.tls = pair.server.tls()->ssl();
  world.ask(world.client(), "GET / HTTP/1.1\r\nHost: b.test\r\n\r\n");
  check_end(
      world, world.client(), {"accept", "answer 421", "end whole"},
      R"("GET / HTTP/1.1" 421 )" + page_size(world, 421) + " 192.0.2.1:80 - reason=misdirected");

  FakeExchange& other = world.add_client();
  world.get(other);
  REQUIRE(world.until_asked());
  CHECK(world.fakes[0]->received().find("X-Forwarded-Proto: https\r\n") != std::string_view::npos);
  world.fakes[0]->sends(kOk);
  REQUIRE(world.until_end(other));
  check_end(world, other, {"accept", "head 200 5 [hello] last", "end whole"},
            R"("GET / HTTP/1.1" 200 5 192.0.2.1:80/1 b1)");
}

TEST_CASE(
    "transaction answers: MaxRequest refuses a longer length, and the exchange gets the limit for "
    "chunks") {
  World world({.change = [](conf::Config& config) { config.listeners[0].limits.request = 10; }});
  world.ask(world.client(), "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 11\r\n\r\n");
  check_end(
      world, world.client(), {"answer 413 refused", "end refused"},
      R"("POST / HTTP/1.1" 413 )" + page_size(world, 413) + " 192.0.2.1:80 - reason=body_too_long");
  FakeExchange& other = world.add_client();
  world.ask(other, "POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n");
  CHECK(other.most_body == 10);
  other.transaction.cut_off("shutdown");
}

TEST_CASE("transaction answers: an invalid body that comes with the head") {
  World world;
  FakeExchange& client = world.client();
  client.sends_early = true;
  client.sends_refused({Reason::chunk_size, 3}, "zz");
  world.ask(client, "POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n");
  check_end(
      world, client, {"accept", "answer 400 refused", "end refused"},
      R"("POST / HTTP/1.1" 400 )" + page_size(world, 400) + " 192.0.2.1:80 - reason=chunk_size");
  CHECK(refusals(world, Reason::chunk_size) == 1);
  CHECK(world.fakes[0]->connections() == 0);
}

TEST_CASE("transaction answers: a body that becomes invalid on its way to the backend") {
  World world({.detail = 1});
  FakeExchange& client = world.client();
  client.sends("abc");
  world.ask(client, "POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n");
  REQUIRE(world.until([&] { return world.fakes[0]->received().ends_with("3\r\nabc\r\n"); }));
  client.sends_refused({Reason::chunk_size, 8}, "zz\r\n");
  client.transaction.on_client_readable();
  check_end(
      world, client, {"accept", "answer 400 refused", "end refused"},
      R"("POST / HTTP/1.1" 400 )" + page_size(world, 400) + " 192.0.2.1:80/1 b1 reason=chunk_size");
  CHECK(world.lines() ==
        std::vector<std::string>{"request of 192.0.2.7 to 192.0.2.1:80 refused: reason=chunk_size "
                                 "offset=8 excerpt=\"zz\\x0d\\x0a\": " +
                                 std::string(info(Reason::chunk_size).text) + " (" +
                                 std::string(info(Reason::chunk_size).section) + ")"});
  // The backend's connection closes without the last chunk.
  CHECK(world.until([&] { return world.fakes[0]->is_closed(); }));
  CHECK(world.fakes[0]->received().ends_with("3\r\nabc\r\n"));
  CHECK(world.is_live(0));
}

TEST_CASE("transaction answers: a body that becomes invalid after the response has begun") {
  World world;
  FakeExchange& client = world.client();
  client.sends("abc");
  world.ask(client, "POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n");
  REQUIRE(world.until_asked());
  world.fakes[0]->sends("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhe");
  REQUIRE(world.until([&] { return client.body == "he"; }));
  client.sends_refused({Reason::chunk_size, 8}, "zz");
  client.transaction.on_client_readable();
  check_end(world, client, {"accept", "head 200 5 [he]", "end refused"},
            R"("POST / HTTP/1.1" 200 2 192.0.2.1:80/1 b1 reason=chunk_size)");
}
