// Services with Compress: which responses are compressed, what the client gets of them, and when.
#include <doctest/doctest.h>

#include <cstdio>

#include "t/unit/coded_bodies.h"
#include "t/unit/transaction/harness.h"
#include "worker/compress/encoder.h"

using namespace transaction_test;

namespace {

const std::string kText = "Content-Type: text/plain\r\n";

Setup compressing(std::vector<conf::Compress::Offer> offers = {
                      {conf::Coding::zstd, 3}, {conf::Coding::br, 4}, {conf::Coding::gzip, 5}}) {
  return {.backends = {Mode::listening}, .change = [offers](conf::Config& config) {
            conf::Service& service = config.listeners[0].services[0];
            service.compress.emplace();
            service.compress->offers = offers;
            service.compress->types = {"text/*"};
            service.compress->least = 100;
          }};
}

// One request whose client takes gzip, and the first connection of the backend.
struct Exchanged {
  explicit Exchanged(const std::string& lines = "Accept-Encoding: gzip\r\n",
                     const std::string& method = "GET", const Setup& setup = compressing())
      : world(setup) {
    world.ask(world.client(), method + " / HTTP/1.1\r\nHost: a.test\r\n" + lines + "\r\n");
    REQUIRE(world.until_asked());
  }
  void answer(const std::string& lines, const std::string& body,
              const std::string& status = "200 OK") {
    sends_all("HTTP/1.1 " + status + "\r\n" + lines + "\r\n" + body);
  }
  // As fast as Pound takes it, or as much of it as Pound takes in some turns.
  void sends_all(std::string bytes) {
    int turns = 200;
    world.until([&] {
      if (!bytes.empty()) bytes.erase(0, backend().sends_some(bytes));
      return bytes.empty() || --turns == 0;
    });
    left = std::move(bytes);
  }
  // A response with a length.
  void answer_whole(const std::string& lines, const std::string& body) {
    answer(lines + "Content-Length: " + std::to_string(body.size()) + "\r\n", body);
    REQUIRE(world.until_end());
  }
  FakeBackend& backend() { return *world.fakes[0]; }
  FakeExchange& client() { return world.client(); }
  // The lines that Pound adds, without that of the harness.
  std::string added() {
    const std::string own = "X-Backend: b1\r\n";
    CHECK(client().added.starts_with(own));
    return client().added.substr(own.size());
  }
  World world;
  std::string left;  // of a response: what Pound has not taken
};

const std::string kGzipLines = "Vary: Accept-Encoding\r\nContent-Encoding: gzip\r\n";

}  // namespace

TEST_CASE("transaction compress: a response with a length becomes one without, in one part") {
  const std::string body = bodies::text(5000);
  for (const std::string coding : {"zstd", "br", "gzip"}) {
    Exchanged one("Accept-Encoding: " + coding + "\r\n");
    one.answer_whole(kText, body);
    CHECK(one.added() == "Vary: Accept-Encoding\r\nContent-Encoding: " + coding + "\r\n");
    const std::string size = std::to_string(one.client().body.size());
    CHECK(one.client().body.size() < body.size() / 2);
    check_end(one.world, one.client(),
              {"accept", "head 200 chunked " + size + " bytes last", "end whole"},
              R"("GET / HTTP/1.1" 200 )" + size + " 192.0.2.1:80/1 b1");
    const auto decoded = bodies::decode(coding, one.client().body);
    CHECK(decoded.is_whole);
    CHECK((decoded.data == body));
    CHECK(one.world.budget.used() == 0);
  }
}

TEST_CASE("transaction compress: a large response, in bounded parts") {
  const std::string body = bodies::text(1'000'000);
  for (const std::string coding : {"zstd", "br", "gzip"}) {
    Exchanged one("Accept-Encoding: " + coding + "\r\n");
    one.answer(kText + "Content-Length: " + std::to_string(body.size()) + "\r\n", body);
    REQUIRE(one.world.until_end());
    CHECK((bodies::decode(coding, one.client().body).data == body));
    CHECK(one.client().calls.size() > body.size() / (32 * 1024));
    CHECK(one.client().calls.back() == "end whole");
  }
}

TEST_CASE("transaction compress: every part of a stream can be decoded when it comes") {
  Exchanged one;
  one.answer(kText + "Transfer-Encoding: chunked\r\n", "");
  REQUIRE(one.world.until([&] { return one.client().calls.size() == 2; }));
  CHECK(one.client().calls[1] == "head 200 chunked");
  CHECK(one.world.budget.used() == worker::compress::encoder_memory({conf::Coding::gzip, 5}));
  std::string sent;
  for (const std::string part : {"data: 1\n\n", "data: 22\n\n", "x"}) {
    const std::size_t calls = one.client().calls.size();
    char size[8];
    std::snprintf(size, sizeof size, "%zx\r\n", part.size());
    one.backend().sends(size + part + "\r\n");
    sent += part;
    REQUIRE(one.world.until([&] { return one.client().calls.size() == calls + 1; }));
    CHECK(bodies::gunzip(one.client().body).data == sent);
    CHECK_FALSE(bodies::gunzip(one.client().body).is_whole);
  }
  one.backend().sends("0\r\nA: b\r\nContent-Digest: x\r\n\r\n");
  REQUIRE(one.world.until_end());
  CHECK(bodies::gunzip(one.client().body).is_whole);
  CHECK(one.client().calls[one.client().calls.size() - 2].ends_with(" last {A: b\r\n}"));
  CHECK(one.world.budget.used() == 0);
}

TEST_CASE("transaction compress: an event stream that the types name") {
  Exchanged one;
  one.answer("Content-Type: text/event-stream\r\n", "data: 1\n\n");
  REQUIRE(one.world.until([&] { return one.client().calls.size() == 2; }));
  CHECK(bodies::gunzip(one.client().body).data == "data: 1\n\n");
  CHECK(one.world.budget.used() != 0);
  one.backend().closes();
  REQUIRE(one.world.until_end());
  CHECK(bodies::gunzip(one.client().body).is_whole);
  CHECK(one.client().calls.back() == "end whole");
}

TEST_CASE("transaction compress: a response that is cut off has no end") {
  const std::string body = bodies::text(50'000);
  Exchanged one;
  one.answer(kText + "Content-Length: 60000\r\n", body);
  one.backend().closes();
  REQUIRE(one.world.until_end());
  const auto decoded = bodies::gunzip(one.client().body);
  CHECK((decoded.data == body));
  CHECK_FALSE(decoded.is_whole);
  CHECK(one.client().calls.back() == "end truncated");
  CHECK(one.world.budget.used() == 0);
}

TEST_CASE("transaction compress: responses that pass as they are") {
  const std::string body = bodies::text(500);
  const std::string length = "Content-Length: 500\r\n";
  const Calls same{"accept", "head 200 500 500 bytes last", "end whole"};
  const auto check = [&](const std::string& asked, const std::string& lines,
                         const std::string& added) {
    Exchanged one(asked);
    one.answer_whole(lines, body);
    CAPTURE(asked);
    CAPTURE(lines);
    CHECK(one.client().calls == same);
    CHECK(one.client().body == body);
    CHECK(one.added() == added);
    CHECK(one.world.budget.used() == 0);
  };
  const std::string takes = "Accept-Encoding: gzip\r\n";
  const std::string vary = "Vary: Accept-Encoding\r\n";
  // Because of the request: another one may get it compressed.
  check("", kText, vary);
  check("Accept-Encoding: deflate\r\n", kText, vary);
  check(takes + "Range: bytes=0-1000\r\n", kText, vary);
  check(takes + "Cache-Control: no-transform\r\n", kText, vary);
  // Because of the response.
  check(takes, "Content-Type: image/png\r\n", "");
  check(takes, kText + "Content-Encoding: br\r\n", "");
  check(takes, kText + "Cache-Control: no-transform\r\n", "");
}

TEST_CASE("transaction compress: not across sites where credentials are in play") {
  const std::string body = bodies::text(500);
  const auto is_compressed = [&](const std::string& asked, const std::string& lines) {
    Exchanged one("Accept-Encoding: gzip\r\n" + asked);
    one.answer_whole(kText + lines, body);
    const bool is_coded = one.added().find("Content-Encoding") != std::string::npos;
    CHECK(one.added() == (is_coded ? kGzipLines : "Vary: Accept-Encoding\r\n"));
    return is_coded;
  };
  const std::string cross = "Sec-Fetch-Site: cross-site\r\n";
  CHECK(is_compressed(cross, ""));
  CHECK_FALSE(is_compressed(cross + "Cookie: a=b\r\n", ""));
  CHECK_FALSE(is_compressed(cross + "Authorization: Basic YTpi\r\n", ""));
  CHECK_FALSE(is_compressed(cross, "Set-Cookie: a=b\r\n"));
  CHECK(is_compressed("Cookie: a=b\r\n", "Set-Cookie: a=b\r\n"));
  CHECK(is_compressed("Sec-Fetch-Site: same-origin\r\nCookie: a=b\r\n", ""));
}

TEST_CASE("transaction compress: HEAD gets the head that GET would get") {
  Exchanged one("Accept-Encoding: gzip\r\n", "HEAD");
  one.answer(kText + "Content-Length: 500\r\nETag: \"a\"\r\n", "");
  REQUIRE(one.world.until_end());
  CHECK(one.client().calls == Calls{"accept", "head 200 none last", "end whole"});
  CHECK(one.added() == kGzipLines + "ETag: W/\"a\"\r\n");
  CHECK_FALSE(one.world.context.response_head.fields.has(worker::http::FieldId::content_length));
}

TEST_CASE("transaction compress: a 304 has the ETag that the client has") {
  const auto added = [](const std::string& asked) {
    Exchanged one("Accept-Encoding: gzip\r\n" + asked);
    one.answer("ETag: \"a\"\r\n", "", "304 Not Modified");
    REQUIRE(one.world.until_end());
    CHECK(one.client().calls == Calls{"accept", "head 304 none last", "end whole"});
    return one.added();
  };
  CHECK(added("If-None-Match: W/\"a\"\r\n") == "Vary: Accept-Encoding\r\nETag: W/\"a\"\r\n");
  CHECK(added("If-None-Match: \"a\"\r\n") == "");
}

TEST_CASE("transaction compress: without memory for it a response passes as it is") {
  const std::string body = bodies::text(500);
  Exchanged one;
  REQUIRE(one.world.budget.take(one.world.budget.left() - 1000));
  one.answer_whole(kText, body);
  CHECK(one.client().calls == Calls{"accept", "head 200 500 500 bytes last", "end whole"});
  CHECK(one.added() == "Vary: Accept-Encoding\r\n");
  CHECK(one.world.budget.left() == 1000);
}

TEST_CASE("transaction compress: a client that leaves gives the memory back") {
  Exchanged one;
  one.answer(kText, bodies::text(500));
  REQUIRE(one.world.until([&] { return one.client().calls.size() == 2; }));
  CHECK(one.world.budget.used() != 0);
  one.client().gone = true;
  one.client().transaction.on_client_readable();
  CHECK(one.client().calls.back() == "end cut off");
  CHECK(one.world.budget.used() == 0);
}

TEST_CASE("transaction compress: a slow client has at most Buffer waiting") {
  const std::string body = bodies::noise(1'000'000);
  Setup setup = compressing({{conf::Coding::gzip, 1}});
  setup.change = [change = setup.change](conf::Config& config) {
    change(config);
    config.listeners[0].buffer = 100'000;
  };
  Exchanged one("Accept-Encoding: gzip\r\n", "GET", setup);
  one.client().room = 1000;
  one.answer(kText, body);
  one.world.turn(30);
  CHECK(one.client().held() >= 100'000);
  CHECK(one.client().held() < 150'000);
  one.client().room = UINT64_MAX;
  one.client().transaction.on_client_writable();
  one.sends_all(one.left);
  one.backend().closes();
  REQUIRE(one.world.until_end());
  CHECK((bodies::gunzip(one.client().body).data == body));
}
