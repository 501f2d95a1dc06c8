// Requests of a service with Retry, which one backend fails and another one serves.
#include <doctest/doctest.h>

#include "t/unit/transaction/harness.h"

using namespace transaction_test;

namespace {

using Methods = conf::RetryPolicy::Methods;

constexpr std::string_view kBusy =
    "HTTP/1.1 503 Busy\r\nContent-Length: 4\r\nRetry-After: 9\r\n\r\nbusy";
constexpr std::size_t kBudget = 1U << 20;

// Backends that are chosen in the order of their numbers, and the defaults of `Retry: {}`.
Setup with_retry(std::size_t backends, const std::function<void(conf::RetryPolicy&)>& change = {},
                 std::size_t buffer = 0) {
  Setup setup;
  setup.backends.assign(backends, Mode::listening);
  setup.change = [change, buffer](conf::Config& config) {
    for (std::size_t i = 0; i < config.backends.size(); ++i) {
      config.backends[i].threads = i == 0 ? 60'000 : i == 1 ? 300 : 1;
    }
    config.listeners[0].buffer = buffer;
    conf::RetryPolicy& policy = config.listeners[0].services[0].retry.emplace();
    policy.statuses = {502, 503, 504};
    if (change) change(policy);
  };
  return setup;
}

std::uint64_t retries(World& world) { return world.segment.services().retries(0); }
std::uint64_t refused(World& world) { return world.segment.services().retries_refused(0); }

std::string with_body(const std::string& method) {
  return method + " /up HTTP/1.1\r\nHost: a.test\r\nContent-Length: 4\r\n\r\n";
}

// The first backend answers with `answer`, and the client gets it.
void passes_on(World& world, std::string_view answer, const Calls& calls) {
  REQUIRE(world.until_asked());
  world.fakes[0]->sends(answer);
  REQUIRE(world.until_end());
  CHECK(world.client().calls == calls);
  CHECK(world.fakes[1]->connections() == 0);
  CHECK(world.slots().find_first_not_of("0 ") == std::string::npos);
}

const Calls kBusyCalls{"accept", "head 503 4 [busy] last", "end whole"};

}  // namespace

TEST_CASE("transaction retry: another backend answers instead of a 503") {
  World world(with_retry(2));
  world.get();
  REQUIRE(world.until_asked());
  world.fakes[0]->sends(kBusy);
  REQUIRE(world.until_asked(1));
  CHECK(world.slots() == "1 0 1");
  CHECK(world.fakes[1]->received() == world.fakes[0]->received());
  world.fakes[1]->sends(kOk);
  REQUIRE(world.until_end());
  check_end(world, world.client(), {"accept", "head 200 5 [hello] last", "end whole"},
            R"("GET / HTTP/1.1" 200 5 192.0.2.1:80/1 b2)");
  CHECK(retries(world) == 1);
  // The connection has brought all of the answer, so it serves the next request.
  world.client().calls.clear();
  world.get();
  REQUIRE(
      world.until([&] { return world.fakes[0]->received().find("GET", 1) != std::string::npos; }));
  CHECK(world.fakes[0]->connections() == 1);
}

TEST_CASE("transaction retry: an answer that is not here whole ends its connection") {
  World world(with_retry(2));
  world.get();
  REQUIRE(world.until_asked());
  world.fakes[0]->sends(kBusy.substr(0, kBusy.size() - 1));
  REQUIRE(world.until_asked(1));
  REQUIRE(world.until([&] { return world.fakes[0]->is_closed(); }));
  world.fakes[1]->sends(kOk);
  REQUIRE(world.until_end());
  CHECK(world.client().calls == Calls{"accept", "head 200 5 [hello] last", "end whole"});
}

TEST_CASE("transaction retry: as often as Times says, and never the same backend twice") {
  World world(with_retry(4, [](conf::RetryPolicy& policy) { policy.times = 2; }));
  world.get();
  REQUIRE(world.until_asked());
  world.fakes[0]->closes();
  std::size_t asked = 0;
  for (int attempt = 0; attempt < 2; ++attempt) {
    const auto has_next = [&] {
      for (asked = 1; asked < 4; ++asked) {
        if (world.fakes[asked]->has_head() && !world.fakes[asked]->is_closed()) return true;
      }
      return false;
    };
    REQUIRE(world.until(has_next));
    if (attempt == 0) world.fakes[asked]->sends("HTTP/1.1 504 Late\r\n\r\n");
    if (attempt == 0) REQUIRE(world.until([&] { return world.fakes[asked]->is_closed(); }));
  }
  world.fakes[asked]->sends("HTTP/1.1 502 Bad\r\nContent-Length: 3\r\n\r\nbad");
  REQUIRE(world.until_end());
  CHECK(world.client().calls == Calls{"accept", "head 502 3 [bad] last", "end whole"});
  CHECK(retries(world) == 2);
  std::size_t connections = 0;
  for (const auto& fake : world.fakes) {
    CHECK(fake->connections() <= 1);
    connections += fake->connections();
  }
  CHECK(connections == 3);
}

TEST_CASE("transaction retry: an answer that passes") {
  std::function<void(conf::RetryPolicy&)> change;
  std::string answer(kBusy);
  Calls calls = kBusyCalls;
  SUBCASE("of a status that is not asked for") {
    change = [](conf::RetryPolicy& policy) { policy.statuses = {502, 504}; };
  }
  SUBCASE("of a status that cannot be asked for") {
    answer = "HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\nno";
    calls = {"accept", "head 500 2 [no] last", "end whole"};
  }
  SUBCASE("when no retry is allowed") {
    change = [](conf::RetryPolicy& policy) { policy.times = 0; };
  }
  SUBCASE("of a method that is not listed") {
    change = [](conf::RetryPolicy& policy) {
      policy.methods = Methods::listed;
      policy.names.push_back({"HEAD", {}});
    };
  }
  SUBCASE("behind an interim response that was passed on") {
    answer = "HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n" + answer;
    calls = {"accept", "interim 103", "head 503 4 [busy] last", "end whole"};
  }
  World world(with_retry(2, change));
  world.get();
  passes_on(world, answer, calls);
  CHECK(retries(world) + refused(world) == 0);
}

TEST_CASE("transaction retry: the answer passes when there is no other backend") {
  World world(with_retry(2));
  SUBCASE("because it is dead") {
    world.segment.backends().mark_dead(1, shm::DeadReason::refused, 1);
    world.get();
  }
  SUBCASE("because the method is not idempotent") {
    world.ask(world.client(), "POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n\r\n");
  }
  passes_on(world, kBusy, kBusyCalls);
}

TEST_CASE("transaction retry: a session's request stays") {
  Setup setup = with_retry(2);
  const auto change = setup.change;
  setup.change = [change](conf::Config& config) {
    change(config);
    config.listeners[0].services[0].session.type = conf::SessionPolicy::Type::ip;
  };
  World world(setup);
  world.get();
  passes_on(world, kBusy, kBusyCalls);
  CHECK(retries(world) + refused(world) == 0);
}

TEST_CASE("transaction retry: the answer passes when the budget is used up") {
  Setup setup = with_retry(2);
  setup.detail = 1;
  World world(setup);
  while (world.segment.services().take_retry(0, world.row)) continue;
  const std::uint64_t before = refused(world);
  world.get();
  passes_on(world, kBusy, kBusyCalls);
  CHECK(refused(world) == before + 1);
  CHECK(world.lines().back() ==
        "request of 192.0.2.7 to 192.0.2.1:80/1 cannot go to another backend, as the budget of "
        "Retry is used up: b1 (127.0.0.1:PORT) has answered 503");
}

TEST_CASE("transaction retry: a reset is paid by the budget, too") {
  Setup setup = with_retry(2);
  setup.detail = 1;
  World world(setup);
  world.get();
  REQUIRE(world.until_asked());
  world.fakes[0]->closes();
  REQUIRE(world.until_asked(1));
  CHECK(retries(world) == 1);
  const auto lines = world.lines();
  CHECK(std::ranges::find(lines,
                          "request of 192.0.2.7 to 192.0.2.1:80/1 goes to another backend: b1 "
                          "(127.0.0.1:PORT) has ended the connection") != lines.end());
}

TEST_CASE("transaction retry: a reset without `reset`, or without a budget") {
  std::function<void(conf::RetryPolicy&)> change;
  bool has_budget = true;
  SUBCASE("not asked for") {
    change = [](conf::RetryPolicy& policy) { policy.after_reset = false; };
  }
  SUBCASE("not once") {
    change = [](conf::RetryPolicy& policy) { policy.times = 0; };
  }
  SUBCASE("budget used up") { has_budget = false; }
  World world(with_retry(2, change));
  while (!has_budget && world.segment.services().take_retry(0, world.row)) continue;
  world.get();
  REQUIRE(world.until_asked());
  world.fakes[0]->closes();
  REQUIRE(world.until_end());
  CHECK(world.client().calls == Calls{"accept", "answer 502", "end whole"});
  CHECK(world.fakes[1]->connections() == 0);
}

TEST_CASE("transaction retry: a failed connect costs no budget, and not one of Times") {
  Setup setup = with_retry(2, [](conf::RetryPolicy& policy) { policy.times = 0; });
  setup.backends[0] = Mode::refusing;
  World world(setup);
  while (world.segment.services().take_retry(0, world.row)) continue;
  world.get();
  REQUIRE(world.until_asked(1));
  world.fakes[1]->sends(kOk);
  REQUIRE(world.until_end());
  CHECK(world.client().calls == Calls{"accept", "head 200 5 [hello] last", "end whole"});
}

TEST_CASE("transaction retry: a failed connect without `connect`") {
  Setup setup = with_retry(2, [](conf::RetryPolicy& policy) { policy.after_connect = false; });
  setup.backends[0] = Mode::refusing;
  World world(setup);
  world.get();
  REQUIRE(world.until_end());
  CHECK(world.client().calls == Calls{"accept", "answer 503", "end whole"});
  CHECK(world.records().front().ends_with(" reason=no_backend"));
  CHECK(world.fakes[1]->connections() == 0);
  CHECK(!world.is_live(0));
  CHECK(world.slots() == "0 0 0");
}

// --- requests with a body

TEST_CASE("transaction retry: a body is kept until the response is passed on") {
  std::string method = "PUT";
  std::function<void(conf::RetryPolicy&)> change;
  SUBCASE("idempotent") {}
  SUBCASE("all") {
    method = "POST";
    change = [](conf::RetryPolicy& policy) { policy.methods = Methods::all; };
  }
  SUBCASE("listed") {
    method = "POST";
    change = [](conf::RetryPolicy& policy) {
      policy.methods = Methods::listed;
      policy.names.push_back({"POST", {}});
    };
  }
  World world(with_retry(2, change, 4));
  FakeExchange& client = world.client();
  client.sends("abcd", true);
  world.ask(client, with_body(method));
  REQUIRE(world.until([&] { return world.fakes[0]->received().ends_with("abcd"); }));
  world.fakes[0]->sends(kBusy.substr(0, 9));
  world.turn();
  CHECK(world.budget.left() == kBudget - 4);
  world.fakes[0]->sends(kBusy.substr(9));
  REQUIRE(world.until([&] { return world.fakes[1]->received().ends_with("abcd"); }));
  CHECK(world.fakes[1]->received() == world.fakes[0]->received());
  CHECK(world.budget.left() == kBudget - 4);
  // Now the response is passed on, and needs only its own memory.
  world.fakes[1]->sends(kOk.substr(0, kOk.size() - 1));
  REQUIRE(world.until([&] { return world.budget.left() == kBudget; }));
  world.fakes[1]->sends("o");
  REQUIRE(world.until_end());
  CHECK(client.calls.back() == "end whole");
  CHECK(world.slots() == "0 0 0");
}

TEST_CASE("transaction retry: a body that was not buffered whole is never sent again") {
  World world(with_retry(2, {}, 3));
  FakeExchange& client = world.client();
  client.sends("abcd", true);
  world.ask(client, with_body("PUT"));
  REQUIRE(world.until([&] { return world.fakes[0]->received().ends_with("abcd"); }));
  passes_on(world, kBusy, kBusyCalls);
}

TEST_CASE("transaction retry: an answer to a part of a kept body") {
  World world(with_retry(2, {}, 1U << 19));
  FakeExchange& client = world.client();
  const std::string body(1U << 19, 'x');
  client.sends(body, true);
  world.ask(client, "PUT /up HTTP/1.1\r\nHost: a.test\r\nContent-Length: " +
                        std::to_string(body.size()) + "\r\n\r\n");
  REQUIRE(world.until([&] { return world.fakes[0]->connections() == 1; }));
  world.fakes[0]->sends(kBusy);
  REQUIRE(world.until([&] { return world.fakes[1]->received().size() > body.size(); }));
  CHECK(world.fakes[1]->received().ends_with("\r\n\r\n" + body));
  world.fakes[1]->sends(kOk);
  REQUIRE(world.until_end());
  CHECK(client.calls == Calls{"accept", "head 200 5 [hello] last", "end whole"});
  CHECK(world.budget.left() == kBudget);
}
