#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "master/clock.h"
#include "master/control/server.h"
#include "t/unit/folder.h"
#include "worker/net/address.h"
#include "worker/net/unique_fd.h"

using namespace master::control;
using worker::net::UniqueFd;

namespace {

UniqueFd unix_socket() {
  UniqueFd made(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  REQUIRE(made);
  return made;
}

class NoSink : public master::LogSink {
 protected:
  Sent send(int, pid_t, std::string_view, std::uint64_t) override { return Sent::yes; }
};

// A server whose clock the test can put forward. `later` answers when the test says so.
class Served {
 public:
  Served() {
    const auto address = worker::net::path_address(folder_.path + "/s");
    const auto* name = reinterpret_cast<const sockaddr*>(&address.storage);
    REQUIRE(::bind(listening_.get(), name, address.size) == 0);
    REQUIRE(::listen(listening_.get(), 64) == 0);
    commands_.add({.name = "long", .arguments = "", .help = "", .run = [](const Call& call) {
                     call.reply.answer(std::string(4 << 20, 'x'));
                   }});
    commands_.add({.name = "later", .arguments = "", .help = "", .run = [this](const Call& call) {
                     later = call.reply;
                   }});
  }

  UniqueFd connect() {
    UniqueFd made = unix_socket();
    const auto address = worker::net::path_address(folder_.path + "/s");
    const auto* name = reinterpret_cast<const sockaddr*>(&address.storage);
    REQUIRE(::connect(made.get(), name, address.size) == 0);
    return made;
  }
  // Passes of the loop that need not wait for anything.
  void run(unsigned passes = 8) {
    for (unsigned i = 0; i < passes; ++i) {
      wake_ = true;
      poller_.run_once();
    }
  }
  void put_forward(std::uint64_t ms) { skew_ms_ += ms; }
  std::size_t clients() const { return server_.clients(); }

  Reply later;
  pid_t ours = 0;

 private:
  Folder folder_;
  UniqueFd listening_ = unix_socket();
  std::uint64_t skew_ms_ = 0;
  bool wake_ = false;
  master::LogQueue queue_{std::make_unique<NoSink>(), 0};
  Commands commands_{queue_};
  master::Poller poller_{[this] { return master::now_ms() + skew_ms_; }};
  master::Poller::Source waker_ =
      poller_.add_task([this] { return wake_ ? master::kNow : master::kNever; },
                       [this](std::uint64_t) { wake_ = false; });
  Server server_{poller_, commands_, [this] { return listening_.get(); },
                 [this](const Peer& peer) { return peer.pid == ours; }};
};

void send(const UniqueFd& to, std::string_view text) {
  REQUIRE(::send(to.get(), text.data(), text.size(), MSG_NOSIGNAL) ==
          static_cast<ssize_t>(text.size()));
}

// What has come; nothing when neither bytes nor an end have.
std::optional<std::string> read_some(const UniqueFd& from) {
  char bytes[65536];
  const ssize_t size = ::recv(from.get(), bytes, sizeof bytes, MSG_DONTWAIT);
  if (size < 0) return std::nullopt;
  return std::string(bytes, static_cast<std::size_t>(size));
}

}  // namespace

TEST_CASE("control server: one line, one answer, the end") {
  Served served;
  const UniqueFd client = served.connect();
  send(client, "he");
  served.run();
  CHECK(served.clients() == 1);
  CHECK_FALSE(read_some(client));
  send(client, "lp\nlong\n");
  served.run();
  CHECK(read_some(client) ==
        "help   list the commands\n"
        "later  \n"
        "long   \n");
  CHECK(read_some(client) == "");
  CHECK(served.clients() == 0);
}

TEST_CASE("control server: a client that sends no line is dropped") {
  Served served;
  const UniqueFd silent = served.connect();
  const UniqueFd slow = served.connect();
  send(slow, "hel");
  served.run();
  served.put_forward(kLineMs - 1000);
  served.run();
  CHECK(served.clients() == 2);
  send(slow, "p");
  served.put_forward(1000);
  served.run();
  CHECK(served.clients() == 0);
  CHECK(read_some(silent) == "");
}

TEST_CASE("control server: a client that does not take its answer is dropped, others are served") {
  Served served;
  const UniqueFd silent = served.connect();
  send(silent, "long\n");
  served.run();
  const UniqueFd other = served.connect();
  send(other, "help\n");
  served.run();
  CHECK(read_some(other)->starts_with("help "));
  CHECK(served.clients() == 1);
  served.put_forward(kAnswerMs);
  served.run();
  CHECK(served.clients() == 0);
}

TEST_CASE("control server: an answer may come later, and has no deadline until then") {
  Served served;
  const UniqueFd client = served.connect();
  send(client, "later\n");
  served.run();
  served.put_forward(3600 * std::uint64_t{1000});
  served.run();
  CHECK(served.clients() == 1);
  CHECK(served.later.is_awaited());
  served.put_forward(0 - 3600 * std::uint64_t{1000});
  served.later.answer("now\n");
  served.later.answer("twice\n");
  served.run();
  CHECK(read_some(client) == "now\n");
  CHECK(read_some(client) == "");
  CHECK_FALSE(served.later.is_awaited());
}

TEST_CASE("control server: a client that leaves before its answer leaves nothing") {
  Served served;
  UniqueFd client = served.connect();
  send(client, "later\n");
  served.run();
  REQUIRE(served.later.is_awaited());
  client.reset();
  served.run();
  CHECK_FALSE(served.later.is_awaited());
  CHECK(served.clients() == 0);
  served.later.answer("nobody\n");
}

TEST_CASE("control server: only so many clients at a time") {
  Served served;
  std::vector<UniqueFd> clients;
  for (std::size_t i = 0; i < kMostClients; ++i) clients.push_back(served.connect());
  served.run(kMostClients + 2);
  CHECK(served.clients() == kMostClients);
  const UniqueFd more = served.connect();
  served.run();
  CHECK(read_some(more) == "error: too many clients of the control socket; try again\n");
  CHECK(read_some(more) == "");
  clients.pop_back();
  served.run();
  CHECK(served.clients() == kMostClients - 1);
}

TEST_CASE("control server: the master's own processes get no answer") {
  Served served;
  served.ours = ::getpid();
  const UniqueFd client = served.connect();
  served.run();
  CHECK(served.clients() == 0);
  CHECK(read_some(client) == "");
}
