// Tests of the steps permit and authenticate for a service with users; the test plays the helper.
#include <sys/socket.h>

#include "t/unit/transaction/harness.h"
#include "worker/auth/credential_key.h"
#include "worker/auth/wire.h"

using namespace transaction_test;

namespace {

// "alice:secret" and "alice:wrong"
constexpr char kSecret[] = "Authorization: Basic YWxpY2U6c2VjcmV0\r\n";
constexpr char kWrong[] = "Authorization: Basic YWxpY2U6d3Jvbmc=\r\n";

const Setup kSetup{.change = [](conf::Config& config) {
  config.listeners[0].services[0].auth = conf::Auth{"Staff", "users", {}};
}};

void ask_with(World& world, FakeExchange& client, const std::string& fields) {
  world.ask(client, "GET / HTTP/1.1\r\nHost: a.test\r\n" + fields + "\r\n");
}

// What the helper is asked; it then answers, if an answer is given.
std::string helper(World& world, std::optional<bool> answer = std::nullopt) {
  worker::auth::Question question;
  const int fd = world.auth_channel.helper_end.get();
  if (::recv(fd, &question, sizeof question, MSG_DONTWAIT) != sizeof question) return "";
  if (answer) {
    const worker::auth::Answer sent{question.id, *answer ? 1U : 0U};
    REQUIRE(::send(fd, &sent, sizeof sent, 0) == sizeof sent);
  }
  return std::string(question.user()) + ":" + std::string(question.password());
}

// Whether the client's answer has this field.
bool answered(World& world, const std::string& field) {
  for (const std::string& call : world.client().calls) {
    if (call.starts_with("answer ") && call.ends_with(" " + field)) return true;
  }
  return false;
}

}  // namespace

TEST_CASE("transaction, auth: no credentials get a challenge, and the backend gets nothing") {
  World world(kSetup);
  ask_with(world, world.client(), "");
  CHECK(world.until_end());
  CHECK(answered(world, "WWW-Authenticate: Basic realm=\"Staff\", charset=\"UTF-8\""));
  CHECK(world.records() ==
        Calls{"\"GET / HTTP/1.1\" 401 147 192.0.2.1:80/1 - reason=auth_missing"});
  CHECK(world.user == "-");
  CHECK(helper(world) == "");
  CHECK(world.fakes[0]->connections() == 0);
}

TEST_CASE("transaction, auth: a right password, then the request goes on") {
  World world(kSetup);
  ask_with(world, world.client(), kSecret);
  world.turn();
  CHECK_FALSE(world.client().ended);
  CHECK(world.fakes[0]->connections() == 0);
  CHECK(helper(world, true) == "alice:secret");
  REQUIRE(world.until_asked());
  world.fakes[0]->sends(kOk);
  CHECK(world.until_end());
  CHECK(world.records() == Calls{"\"GET / HTTP/1.1\" 200 5 192.0.2.1:80/1 b1"});
  CHECK(world.user == "alice");
}

TEST_CASE("transaction, auth: a wrong password") {
  World world(kSetup);
  ask_with(world, world.client(), kWrong);
  CHECK(helper(world, false) == "alice:wrong");
  CHECK(world.until_end());
  CHECK(world.records() == Calls{"\"GET / HTTP/1.1\" 401 147 192.0.2.1:80/1 - reason=auth_failed"});
  CHECK(world.user == "alice");
  CHECK(world.fakes[0]->connections() == 0);
}

TEST_CASE("transaction, auth: credentials that are remembered wait for nobody") {
  World world(kSetup);
  world.segment.auth().remembered.add(
      worker::auth::credential_key({1, 2}, {7, 8}, "alice", "secret"),
      worker::net::EventLoop::now_ms());
  ask_with(world, world.client(), kSecret);
  REQUIRE(world.until_asked());
  CHECK(helper(world) == "");
}

TEST_CASE("transaction, auth: no answer in ten seconds is a 503, never a pass") {
  World world(kSetup);
  ask_with(world, world.client(), kSecret);
  CHECK(helper(world) == "alice:secret");
  world.expire(worker::auth::kCheckMs);
  CHECK(world.until_end());
  CHECK(answered(world, "Retry-After: 1"));
  CHECK(world.records() ==
        Calls{"\"GET / HTTP/1.1\" 503 161 192.0.2.1:80/1 - reason=auth_unavailable"});
  CHECK(world.fakes[0]->connections() == 0);
}

TEST_CASE("transaction, auth: too many wrong passwords") {
  World world(kSetup);
  const std::uint64_t client = worker::auth::client_key({1, 2}, "192.0.2.7");
  for (int i = 0; i < 10; ++i) {
    REQUIRE(world.segment.attempts().take(client, worker::net::EventLoop::now_ms()));
  }
  ask_with(world, world.client(), kSecret);
  CHECK(world.until_end());
  CHECK(answered(world, "Retry-After: 6"));
  CHECK(world.records() == Calls{"\"GET / HTTP/1.1\" 429 157 192.0.2.1:80/1 - reason=auth_rate"});
  CHECK(helper(world) == "");
}

TEST_CASE("transaction, auth: one that is cut off while it waits is not answered later") {
  World world(kSetup);
  ask_with(world, world.client(), kSecret);
  world.client().transaction.cut_off("stopped");
  CHECK(world.until_end());
  CHECK(helper(world, true) == "alice:secret");
  world.turn();
  CHECK(world.records() == Calls{"\"GET / HTTP/1.1\" 499 - 192.0.2.1:80/1 - reason=stopped"});
  CHECK(world.fakes[0]->connections() == 0);
}
