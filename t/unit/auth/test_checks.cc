// Tests of auth/checks with a helper that the test plays: order, sharing, bounds, lost answers.
#include "worker/auth/checks.h"

#include <doctest/doctest.h>
#include <sys/socket.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "t/unit/net/await.h"
#include "worker/auth/credential_key.h"

using namespace worker::auth;
using Entry = Checks::Entry;

namespace {

constexpr worker::route::HashSecret kSecret{1, 2};

struct Request final : WaiterUser {
  Waiter waiter{*this};
  std::optional<Verdict> verdict;
  void on_checked(Verdict found) override { verdict = found; }
};

struct World {
  World() {
    heritage.files.push_back({"users", nullptr, {7, 8}});
    heritage.channel = channel.worker_end.get();
    REQUIRE(checks.start());
  }

  Entry ask(Request& request, const std::string& user, const std::string& password,
            const std::string& ip = "192.0.2.1") {
    return checks.ask(request.waiter, {0, user, password, ip});
  }
  // "user:password" of the question that the helper has; "" for none.
  std::string question() {
    const ssize_t size = ::recv(channel.helper_end.get(), &last, sizeof last, MSG_DONTWAIT);
    if (size != static_cast<ssize_t>(sizeof last)) return "";
    CHECK(last.is_sound());
    return std::string(last.user()) + ":" + std::string(last.password());
  }
  void send(const Answer& answer) {
    REQUIRE(::send(channel.helper_end.get(), &answer, sizeof answer, 0) == sizeof answer);
    net_test::turn(loop);
  }
  void answer(bool is_match) { send({last.id, is_match ? 1U : 0U}); }
  // Answers all questions, and returns them.
  std::vector<std::string> answer_all(bool is_match) {
    std::vector<std::string> all;
    for (std::string one; !(one = question()).empty();) {
      all.push_back(one);
      answer(is_match);
    }
    return all;
  }
  void fail(const std::string& ip, int times = 1) {
    for (int i = 0; i < times; ++i) {
      REQUIRE(attempts->take(client_key(kSecret, ip), worker::net::EventLoop::now_ms()));
    }
  }

  worker::net::EventLoop loop;
  worker::net::DeadlineLists deadlines;
  std::unique_ptr<shm::AuthMemory> memory = std::make_unique<shm::AuthMemory>();
  std::unique_ptr<shm::Attempts> attempts = std::make_unique<shm::Attempts>();
  Channel channel = make_channel();
  Heritage heritage;
  Checks checks{loop, deadlines, heritage, {*memory, *attempts}, kSecret};
  Question last;
};

}  // namespace

TEST_CASE("checks: one answer is for one question") {
  World world;
  Request right;
  Request wrong;
  CHECK(world.ask(right, "alice", "secret") == Entry::waits);
  CHECK(world.ask(wrong, "bob", "x", "192.0.2.2") == Entry::waits);
  CHECK(world.question() == "alice:secret");
  CHECK(world.question() == "");  // one at a time
  world.answer(true);
  CHECK(right.verdict == Verdict::match);
  CHECK_FALSE(right.waiter.is_waiting());
  CHECK_FALSE(wrong.verdict);
  CHECK(world.question() == "bob:x");
  world.answer(false);
  CHECK(wrong.verdict == Verdict::mismatch);
}

TEST_CASE("checks: what is remembered asks nobody, and is no attempt") {
  World world;
  const auto key = credential_key(kSecret, {7, 8}, "alice", "secret");
  world.memory->remembered.add(key, worker::net::EventLoop::now_ms());
  world.fail("192.0.2.1", 10);
  Request request;
  CHECK(world.ask(request, "alice", "secret") == Entry::known);
  CHECK_FALSE(request.waiter.is_waiting());
  CHECK(world.question() == "");
  CHECK(world.ask(request, "alice", "secreT") == Entry::slowed);
  CHECK(world.ask(request, "Alice", "secret") == Entry::slowed);
}

TEST_CASE("checks: a key tells file, user and password apart") {
  const auto key = [](std::uint64_t file, const std::string& user, const std::string& password) {
    const auto made = credential_key(kSecret, {file, 8}, user, password);
    return std::pair(made.high, made.low);
  };
  CHECK(key(7, "a", "b") == key(7, "a", "b"));
  CHECK(key(7, "a", "b") != key(6, "a", "b"));
  CHECK(key(7, "ab", "c") != key(7, "a", "bc"));
  CHECK(key(7, "ab", "") != key(7, "a", "b"));
}

TEST_CASE("checks: the clients of one IPv6 network are one client") {
  CHECK(client_key(kSecret, "2001:db8::1") == client_key(kSecret, "2001:db8:0:0:f::2"));
  CHECK(client_key(kSecret, "2001:db8::1") != client_key(kSecret, "2001:db8:0:1::1"));
  CHECK(client_key(kSecret, "192.0.2.1") != client_key(kSecret, "192.0.2.2"));
  CHECK(client_key(kSecret, "192.0.2.1") != client_key({1, 3}, "192.0.2.1"));
}

TEST_CASE("checks: requests with the same credentials share a question and an attempt") {
  World world;
  std::vector<std::unique_ptr<Request>> all;
  for (int i = 0; i < 100; ++i) {
    all.push_back(std::make_unique<Request>());
    CHECK(world.ask(*all.back(), "alice", "secret") == Entry::waits);
  }
  CHECK(world.answer_all(false) == std::vector<std::string>{"alice:secret"});
  for (const auto& request : all) CHECK(request->verdict == Verdict::mismatch);
  for (int i = 0; i < 9; ++i) {
    Request another;
    CHECK(world.ask(another, "alice", std::to_string(i)) == Entry::waits);
    CHECK(world.answer_all(false).size() == 1);
  }
  Request late;
  CHECK(world.ask(late, "alice", "secret") == Entry::slowed);
  CHECK(world.checks.retry_after_s("192.0.2.1") == 6);
  CHECK(world.checks.retry_after_s("192.0.2.2") == 1);
}

TEST_CASE("checks: right passwords cost no attempt") {
  World world;
  for (int i = 0; i < 50; ++i) {
    Request request;
    CHECK(world.ask(request, "alice", std::to_string(i)) == Entry::waits);
    CHECK(world.answer_all(true).size() == 1);
    CHECK(request.verdict == Verdict::match);
  }
}

TEST_CASE("checks: attempts are taken in the order of the questions, however many wait") {
  World world;
  world.fail("192.0.2.1", 8);
  Request requests[5];
  for (int i = 0; i < 5; ++i) {
    CHECK(world.ask(requests[i], "alice", std::to_string(i)) == Entry::waits);
  }
  CHECK(world.answer_all(false) == std::vector<std::string>{"alice:0", "alice:1"});
  net_test::await(world.loop, [&] { return requests[4].verdict.has_value(); });
  CHECK(requests[1].verdict == Verdict::mismatch);
  for (int i = 2; i < 5; ++i) CHECK(requests[i].verdict == Verdict::slowed);
}

TEST_CASE("checks: clients take turns, and those with wrong passwords come last") {
  World world;
  Request requests[9];
  world.fail("192.0.2.1");
  world.ask(requests[0], "bad", "0");  // is with the helper
  for (int i = 1; i < 4; ++i) world.ask(requests[i], "bad", std::to_string(i));
  for (int i = 4; i < 7; ++i) world.ask(requests[i], "one", std::to_string(i), "192.0.2.2");
  for (int i = 7; i < 9; ++i) world.ask(requests[i], "two", std::to_string(i), "192.0.2.3");
  CHECK(world.answer_all(true) == std::vector<std::string>{"bad:0", "one:4", "two:7", "one:5",
                                                           "two:8", "one:6", "bad:1", "bad:2",
                                                           "bad:3"});
}

TEST_CASE("checks: sixteen questions of a client wait, and 128 in all") {
  World world;
  std::vector<std::unique_ptr<Request>> all;
  const auto ask = [&](const std::string& ip) {
    all.push_back(std::make_unique<Request>());
    return world.ask(*all.back(), "u", std::to_string(all.size()), ip);
  };
  for (int i = 0; i < 10; ++i) world.fail("198.51.100." + std::to_string(i));
  CHECK(ask("198.51.100.0") == Entry::waits);  // is with the helper
  for (int client = 0; client < 8; ++client) {
    const std::string ip = "198.51.100." + std::to_string(client);
    for (std::size_t i = 0; i < kMostOfClient; ++i) CHECK(ask(ip) == Entry::waits);
    CHECK(ask(ip) == Entry::full);
  }
  CHECK(ask("198.51.100.9") == Entry::full);
  CHECK(ask("192.0.2.1") == Entry::waits);  // in place of one of a client with wrong passwords
  net_test::turn(world.loop);
  std::size_t given_up = 0;
  for (const auto& request : all) given_up += request->verdict == Verdict::unavailable ? 1 : 0;
  CHECK(given_up == 1);
}

TEST_CASE("checks: without an answer a request ends after ten seconds, at no cost for its client") {
  World world;
  world.fail("192.0.2.1", 9);
  Request request;
  CHECK(world.ask(request, "alice", "secret") == Entry::waits);
  CHECK(world.question() == "alice:secret");
  net_test::expire(world.deadlines, kCheckMs);
  CHECK(request.verdict == Verdict::unavailable);
  CHECK_FALSE(request.waiter.is_waiting());
  Request next;
  CHECK(world.ask(next, "bob", "x", "192.0.2.2") == Entry::waits);
  CHECK(world.question() == "");  // the helper has not answered yet
  world.answer(true);             // it does, to nobody
  CHECK(world.question() == "bob:x");
  Request again;
  CHECK(world.ask(again, "alice", "secret") == Entry::waits);
}

TEST_CASE("checks: the first helper finds the question; another one is asked again") {
  World world;
  Request request;
  CHECK(world.ask(request, "alice", "secret") == Entry::waits);
  CHECK(world.question() == "alice:secret");
  const std::uint64_t id = world.last.id;
  world.send({});  // the first helper, which was not ready yet
  CHECK(world.question() == "");
  world.send({});
  CHECK(world.question() == "alice:secret");
  CHECK(world.last.id == id);
  CHECK_FALSE(request.verdict);
  world.answer(true);
  CHECK(request.verdict == Verdict::match);
  world.send({});  // nobody waits
  CHECK(world.question() == "");
}

TEST_CASE("checks: no answer but the awaited one counts, and nothing but 1 is a match") {
  World world;
  Request request;
  world.ask(request, "alice", "secret");
  CHECK(world.question() == "alice:secret");
  world.send({world.last.id + 1, 1});
  world.send({world.last.id - 1, 1});
  char torn[4] = {};
  REQUIRE(::send(world.channel.helper_end.get(), torn, sizeof torn, 0) == 4);
  net_test::turn(world.loop);
  CHECK_FALSE(request.verdict);
  world.send({world.last.id, 2});
  CHECK(request.verdict == Verdict::mismatch);
}

TEST_CASE("checks: a broken channel answers by the deadline, later questions at once") {
  World world;
  Request request;
  world.ask(request, "alice", "secret");
  world.channel.helper_end.reset();
  net_test::turn(world.loop);
  CHECK_FALSE(request.verdict);
  net_test::expire(world.deadlines, kCheckMs);
  CHECK(request.verdict == Verdict::unavailable);
}

TEST_CASE("checks: a request that leaves is not answered, and its question not asked") {
  World world;
  Request asked;
  auto waiting = std::make_unique<Request>();
  world.ask(asked, "alice", "1");
  world.ask(*waiting, "alice", "2");
  waiting.reset();
  asked.waiter.leave();
  CHECK(world.answer_all(true) == std::vector<std::string>{"alice:1"});
  CHECK_FALSE(asked.verdict);
}

TEST_CASE("checks: an answered request may ask again at once") {
  struct Asker final : WaiterUser {
    World& world;
    Waiter waiter{*this};
    int left = 3;
    explicit Asker(World& its_world) : world(its_world) {}
    void on_checked(Verdict) override {
      if (--left == 0) return;
      world.checks.ask(waiter, {0, "alice", std::to_string(left), "192.0.2.1"});
    }
  };
  World world;
  Asker asker(world);
  world.checks.ask(asker.waiter, {0, "alice", "first", "192.0.2.1"});
  CHECK(world.answer_all(false) == std::vector<std::string>{"alice:first", "alice:2", "alice:1"});
  CHECK(asker.left == 0);
}
