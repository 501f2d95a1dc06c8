// When a request counts as ended: before its client can have the whole response.
#include <doctest/doctest.h>

#include "t/unit/transaction/harness.h"
#include "worker/log/reasons.h"

using namespace transaction_test;
using shm::ResponseClass;

namespace {

// Of the listener: the responses, the times and the reasons so far, as "2xx=1 times=1
// no_service=1".
std::string counts(World& world) {
  const shm::ListenerCounters all = world.segment.listeners().counters(0);
  constexpr const char* kNames[] = {"none", "1xx", "2xx", "3xx", "4xx", "5xx"};
  std::string text;
  for (std::size_t i = 0; i < shm::kResponseClasses; ++i) {
    const std::uint64_t count = all.responses.by_class[i];
    if (count != 0) text.append(kNames[i]).append("=").append(std::to_string(count)).append(" ");
  }
  std::uint64_t times = 0;
  for (const std::uint64_t bucket : all.responses.by_time) times += bucket;
  text.append("times=").append(std::to_string(times));
  for (std::size_t i = 0; i < worker::log::kOwnReasons.size(); ++i) {
    if (all.own_reasons[i] == 0) continue;
    text.append(" ").append(worker::log::kOwnReasons[i]).append("=");
    text.append(std::to_string(all.own_reasons[i]));
  }
  return text;
}

std::string counts_of_service(World& world) {
  const shm::ResponseSums sums = world.segment.services().responses(0);
  std::uint64_t ended = 0;
  std::uint64_t times = 0;
  for (const std::uint64_t count : sums.by_class) ended += count;
  for (const std::uint64_t bucket : sums.by_time) times += bucket;
  return "ended=" + std::to_string(ended) + " times=" + std::to_string(times);
}

// What the counters say at the moment at which the last part goes to the client.
struct Watched {
  explicit Watched(World& world) {
    world.client().before_last = [this, &world] {
      at_last.push_back(counts(world));
      of_service = counts_of_service(world);
    };
  }
  std::vector<std::string> at_last;
  std::string of_service;
};

void check_backend_response(std::vector<std::string> parts, bool closes = false) {
  World world;
  const Watched watched(world);
  world.get();
  REQUIRE(world.until_asked());
  CHECK(counts(world) == "times=0");
  std::size_t passed = 0;
  for (const std::string& part : parts) {
    world.fakes[0]->sends(part);
    const std::size_t calls = world.client().calls.size();
    REQUIRE(world.until([&] { return world.client().calls.size() > calls; }));
    if (++passed < parts.size()) CHECK(counts(world) == "times=0");
  }
  if (closes) world.fakes[0]->closes();
  REQUIRE(world.until_end());
  CHECK(watched.at_last == Calls{"2xx=1 times=1"});
  CHECK(watched.of_service == "ended=1 times=1");
  CHECK(counts(world) == "2xx=1 times=1");
  CHECK(counts_of_service(world) == "ended=1 times=1");
}

}  // namespace

TEST_CASE("transaction counts: a response counts before its last part is sent") {
  const std::string head = "HTTP/1.1 200 OK\r\n";
  check_backend_response({head + "Content-Length: 2\r\n\r\nok"});
  check_backend_response({head + "Content-Length: 0\r\n\r\n"});
  check_backend_response({head + "Content-Length: 4\r\n\r\nha", "lf"});
  check_backend_response({head + "Transfer-Encoding: chunked\r\n\r\n2\r\nha\r\n", "0\r\n\r\n"});
  check_backend_response({head + "\r\nha"}, true);
}

TEST_CASE("transaction counts: answers of Pound's own, with their reasons") {
  const auto check = [](const Setup& setup, const std::string& path, const std::string& wanted) {
    World world(setup);
    const Watched watched(world);
    world.get(world.client(), path);
    REQUIRE(world.until_end());
    CHECK(watched.at_last == Calls{wanted});
    CHECK(counts(world) == wanted);
  };
  check({.backends = {Mode::refusing}}, "/", "5xx=1 times=1 no_backend=1");
  check({.backends = {Mode::listening},
         .change = [](conf::Config& config) { config.listeners[0].services.clear(); }},
        "/", "4xx=1 times=1 no_service=1");
  const Setup serving{.backends = {Mode::listening}, .change = [](conf::Config& config) {
                        conf::Service& service = config.listeners[0].services[0];
                        service.backends.clear();
                        service.serve = conf::Serve::status;
                      }};
  check(serving, "/status.json", "2xx=1 times=1");
  check(serving, "/elsewhere", "3xx=1 times=1");
}

TEST_CASE(
    "transaction counts: a truncated response counts at its end, and none without an answer") {
  World world;
  const Watched watched(world);
  world.get();
  REQUIRE(world.until_asked());
  SUBCASE("truncated") {
    world.fakes[0]->sends("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");
    REQUIRE(world.until([&] { return world.client().body == "half"; }));
    world.fakes[0]->closes();
    REQUIRE(world.until_end());
    CHECK(counts(world) == "2xx=1 times=1 backend_truncated=1");
  }
  SUBCASE("the client leaves") {
    world.client().transaction.cut_off("client_closed");
    CHECK(counts(world) == "none=1 times=1 client_closed=1");
  }
  CHECK(watched.at_last.empty());
}

TEST_CASE("transaction counts: a client that does not take its last part has one reason") {
  World world;
  const Watched watched(world);
  world.client().room = 1;
  world.get();
  REQUIRE(world.until_asked());
  world.fakes[0]->sends("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  REQUIRE(world.until([&] { return !watched.at_last.empty(); }));
  CHECK(counts(world) == "2xx=1 times=1");
  world.client().transaction.cut_off("client_closed");
  CHECK(counts(world) == "2xx=1 times=1 client_closed=1");
}

TEST_CASE("transaction counts: the first reason of a request counts") {
  World world({.backends = {Mode::refusing}});
  FakeExchange& client = world.client();
  // The page goes, and before the transaction goes on, it is cut off.
  client.before_last = [&] { client.failed = true; };
  world.get();
  REQUIRE(world.until_end());
  CHECK(counts(world) == "5xx=1 times=1 no_backend=1");
}
