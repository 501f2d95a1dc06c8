// The session store of one worker: what it sends, what requests learn, and what happens when the
// store does not serve.
#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "shm/segment.h"
#include "t/unit/net/await.h"
#include "t/unit/store/fake_store.h"
#include "worker/net/wake.h"
#include "worker/store/session_store.h"

using namespace store_test;
using shm::StoreCount;
using shm::StoreLink;
using worker::route::SharedKeys;
using worker::store::Found;

namespace {

constexpr std::chrono::milliseconds kPatient{10'000};
constexpr std::chrono::milliseconds kShort{20};

const SharedKeys kOne{.all = {{{0x11, 0x22}}}, .count = 1};
const SharedKeys kTwo{.all = {{{0x11, 0x22}, {0x33, 0x44}}}, .count = 2};
const std::string kKey = "pound:00000000000000110000000000000022";
const std::string kOld = "pound:00000000000000330000000000000044";

// A request that waits: what it has learned, in words.
struct Asker final : worker::store::QuestionUser {
  void on_found(const Found& found) override {
    switch (found.what) {
      case Found::What::unknown:
        heard.emplace_back("unknown");
        break;
      case Found::What::nothing:
        heard.emplace_back("nothing");
        break;
      case Found::What::deleted:
        heard.emplace_back("deleted");
        break;
      case Found::What::backend:
        heard.push_back(found.backend + (found.is_confirmed ? "" : " unconfirmed"));
        break;
    }
  }
  worker::store::Question question{*this};
  std::vector<std::string> heard;
};

struct World {
  explicit World(std::chrono::milliseconds timeout = kPatient) {
    config.servers.push_back({"127.0.0.1", {}});
    config.timeout = timeout;
    heritage.servers.push_back(fake.server.address());
  }
  ~World() {
    store.reset();
    net_test::turn(loop, 1);
  }
  void start() {
    store = std::make_unique<worker::store::SessionStore>(loop, &config, heritage, segment.store(),
                                                          row, log);
    loop.before_wait([](void* self) { static_cast<World*>(self)->end_turn(); }, this);
    store->start();
  }
  void start_ready() {
    start();
    REQUIRE(until([&] { return link() == StoreLink::ready; }));
    fake.commands.clear();
  }
  void end_turn() {
    if (store) store->flush();
  }
  template <class Condition>
  bool until(Condition holds) {
    return net_test::await(loop, [&] {
      fake.poll();
      other.poll();
      store->tick(worker::net::EventLoop::now_ms());
      return holds();
    });
  }
  bool until_heard(const Asker& asker, const std::string& what) {
    return until([&] { return !asker.heard.empty() && asker.heard.back() == what; });
  }
  StoreLink link() const { return segment.store().link(row); }
  std::uint64_t count(StoreCount what) const {
    return segment.store().sums()[static_cast<std::uint32_t>(what)];
  }
  // New lines of the log; the port of `fake` is PORT.
  std::vector<std::string> lines() {
    std::vector<std::string> all;
    int priority = 0;
    std::string text;
    while (reader.read(segment.log_ring(row), priority, text)) {
      const std::string port = std::to_string(fake.server.port());
      if (const auto at = text.find(port); at != std::string::npos)
        text.replace(at, port.size(), "PORT");
      all.push_back(text);
    }
    return all;
  }

  mutable shm::Segment segment;
  shm::LogReader reader;
  shm::Row row = segment.workers().take(0, 1).value();
  worker::net::WakePair doorbell = worker::net::make_wake_pair().value();
  worker::log::Log log{segment.log_ring(row), doorbell.waker.get(), segment.log_detail()};
  worker::net::EventLoop loop;
  FakeStore fake, other;
  conf::SessionStore config;
  worker::store::Heritage heritage;
  std::unique_ptr<worker::store::SessionStore> store;
};

const std::string kAlone = "; this machine keeps its sessions alone until it is back";

}  // namespace

TEST_CASE("session store: it greets, and serves") {
  World world;
  world.start();
  CHECK(world.link() == StoreLink::connecting);
  CHECK(world.until([&] { return world.link() == StoreLink::ready; }));
  CHECK(world.fake.commands == std::vector<std::string>{"ROLE"});
  CHECK(world.lines() == std::vector<std::string>{"session store 127.0.0.1:PORT serves"});
}

TEST_CASE("session store: password, user and database") {
  World world;
  world.heritage.password = "a secret";
  world.config.database = 3;
  std::string auth = "AUTH a secret";
  SUBCASE("without a user") {}
  SUBCASE("with a user") {
    world.config.user = "pound";
    auth = "AUTH pound a secret";
  }
  world.start();
  CHECK(world.until([&] { return world.link() == StoreLink::ready; }));
  CHECK(world.fake.commands == std::vector<std::string>{auth, "SELECT 3", "ROLE"});
}

TEST_CASE("session store: a look-up and a claim, and no more") {
  World world;
  world.start_ready();
  Asker asker;
  CHECK(world.store->ask(asker.question, kOne, 300));
  CHECK(world.until_heard(asker, "nothing"));
  CHECK(world.store->claim(asker.question, {kOne, "b1", 300}));
  CHECK(world.until_heard(asker, "b1"));
  CHECK(world.fake.commands ==
        std::vector<std::string>{"GET " + kKey, "SET " + kKey + " b1 PX 300000 NX"});
  CHECK(world.count(StoreCount::asked) == 1);
  CHECK(world.count(StoreCount::found) == 0);
  CHECK(world.count(StoreCount::written) == 1);
  CHECK(!asker.question.is_waiting());
}

TEST_CASE("session store: a session that is found gets its whole ttl again") {
  World world;
  world.start_ready();
  Asker asker;
  std::string heard = "b2";
  SUBCASE("confirmed") { world.fake.data[kKey] = "b2"; }
  SUBCASE("unconfirmed") {
    world.fake.data[kKey] = "?b2";
    heard = "b2 unconfirmed";
  }
  CHECK(world.store->ask(asker.question, kOne, 300));
  CHECK(world.until_heard(asker, heard));
  CHECK(world.until([&] { return world.fake.commands.size() == 2; }));
  CHECK(world.fake.commands ==
        std::vector<std::string>{"GET " + kKey, "PEXPIRE " + kKey + " 300000"});
  CHECK(world.count(StoreCount::found) == 1);
}

TEST_CASE("session store: one that was deleted is none, and is not kept alive") {
  World world;
  world.start_ready();
  world.fake.data[kKey] = "-";
  Asker asker;
  CHECK(world.store->ask(asker.question, kOne, 300));
  CHECK(world.until_heard(asker, "deleted"));
  CHECK(world.fake.commands == std::vector<std::string>{"GET " + kKey});
}

TEST_CASE("session store: with two secrets a session is found under either, and moves to the new") {
  World world;
  world.start_ready();
  world.fake.data[kOld] = "b2";
  Asker asker;
  CHECK(world.store->ask(asker.question, kTwo, 300));
  CHECK(world.until_heard(asker, "b2"));
  CHECK(world.until([&] { return world.fake.data.contains(kKey); }));
  CHECK(world.fake.commands ==
        std::vector<std::string>{"MGET " + kKey + " " + kOld, "SET " + kKey + " b2 PX 300000 NX"});
  world.fake.commands.clear();
  world.store->write({kTwo, "b3", 10});
  CHECK(world.until([&] { return world.fake.commands.size() == 2; }));
  CHECK(world.fake.commands ==
        std::vector<std::string>{"SET " + kKey + " b3 PX 10000", "SET " + kOld + " b3 PX 10000"});
}

TEST_CASE("session store: who comes second gets what the first one has claimed") {
  World world;
  world.start_ready();
  world.fake.data[kKey] = "b9";
  Asker asker;
  CHECK(world.store->claim(asker.question, {kOne, "b1", 300}));
  CHECK(world.until_heard(asker, "b9"));
  CHECK(world.fake.commands ==
        std::vector<std::string>{"SET " + kKey + " b1 PX 300000 NX", "GET " + kKey});
}

TEST_CASE("session store: a refresh learns what has changed") {
  World world;
  world.start_ready();
  std::vector<std::string> heard;
  const auto then = [&](const Found& found) {
    heard.push_back(found.what == Found::What::deleted ? "deleted" : found.backend);
  };
  std::vector<std::string> sent{"GET " + kKey, "PEXPIRE " + kKey + " 300000"};
  std::vector<std::string> expected;
  SUBCASE("nothing") { world.fake.data[kKey] = "b1"; }
  SUBCASE("it has moved") {
    world.fake.data[kKey] = "b2";
    expected = {"b2"};
  }
  SUBCASE("it was deleted") {
    world.fake.data[kKey] = "-";
    expected = {"deleted"};
  }
  SUBCASE("the store has lost it") { sent.push_back("SET " + kKey + " b1 PX 300000 NX"); }
  world.store->refresh({kOne, "b1", 300}, then);
  CHECK(world.until([&] { return world.fake.commands.size() == sent.size(); }));
  net_test::turn(world.loop);
  CHECK(world.fake.commands == sent);
  CHECK(heard == expected);
}

TEST_CASE("session store: many requests share the connection, and each gets its answer") {
  World world;
  world.start_ready();
  std::vector<std::unique_ptr<Asker>> askers;
  for (std::uint64_t i = 0; i < 500; ++i) {
    const SharedKeys keys{.all = {{{1, i}}}, .count = 1};
    char hex[17];
    std::snprintf(hex, sizeof hex, "%016llx", static_cast<unsigned long long>(i));
    world.fake.data[std::string("pound:0000000000000001") + hex] = "b" + std::to_string(i);
    askers.push_back(std::make_unique<Asker>());
    CHECK(world.store->ask(askers.back()->question, keys, 300));
  }
  askers[7].reset();  // its client has left
  CHECK(world.until_heard(*askers.back(), "b499"));
  for (std::size_t i = 0; i < askers.size(); ++i) {
    if (i != 7) CHECK(askers[i]->heard == std::vector<std::string>{"b" + std::to_string(i)});
  }
  CHECK(world.fake.server.connections() == 1);
}

TEST_CASE("session store: late answers let requests go on, and two prompt PINGs end that") {
  World world(kShort);
  world.start_ready();
  world.lines();
  world.fake.is_silent = true;
  Asker one, two;
  CHECK(world.store->ask(one.question, kOne, 300));
  CHECK(world.store->ask(two.question, kOne, 300));
  CHECK(world.until_heard(one, "unknown"));
  CHECK(world.until_heard(two, "unknown"));
  CHECK(world.link() == StoreLink::late);
  CHECK(world.lines() ==
        std::vector<std::string>{
            "session store 127.0.0.1:PORT is late: it has not answered within 20 ms; this machine "
            "keeps its sessions alone until it is faster"});
  CHECK(world.count(StoreCount::late) == 2);
  CHECK(!world.store->ask(one.question, kOne, 300));  // nobody waits any more
  CHECK(!world.store->claim(one.question, {kOne, "b1", 300}));
  CHECK(world.count(StoreCount::skipped) == 1);
  world.fake.speak();
  CHECK(world.until([&] { return world.link() == StoreLink::ready; }));
  CHECK(world.lines() == std::vector<std::string>{"session store 127.0.0.1:PORT serves"});
  CHECK(world.fake.data[kKey] == "b1");  // written although nobody waited
}

TEST_CASE("session store: one that never answers is given up") {
  World world(kShort);
  world.start_ready();
  world.fake.is_silent = true;
  Asker asker;
  CHECK(world.store->ask(asker.question, kOne, 300));
  CHECK(world.until([&] { return world.link() == StoreLink::down; }));
  CHECK(asker.heard == std::vector<std::string>{"unknown"});
  world.fake.is_silent = false;
  CHECK(world.until([&] { return world.link() == StoreLink::ready; }));
}

TEST_CASE("session store: what ends a connection lets requests go on, and is one line") {
  World world;
  world.start_ready();
  world.lines();
  std::string why;
  SUBCASE("garbage") {
    world.fake.script = [](const Words&) { return "HTTP/1.1 400 Bad Request\r\n"; };
    why = "its answer is not of the protocol of Redis";
  }
  SUBCASE("its end") {
    world.fake.script = [&](const Words&) {
      world.fake.server.closes();
      return "";
    };
    why = "it has closed the connection";
  }
  SUBCASE("it has become a replica") {
    world.fake.script = [](const Words&) {
      return "-READONLY You can't write against a read only replica.\r\n";
    };
    why = "it answers READONLY You can't write against a read only replica.";
  }
  SUBCASE("more answers than questions") {
    world.fake.script = [](const Words&) { return "$-1\r\n+OK\r\n+OK\r\n"; };
    why = "it answers without being asked";
  }
  Asker asker;
  CHECK(world.store->ask(asker.question, kOne, 300));
  CHECK(world.until([&] { return world.link() == StoreLink::down; }));
  CHECK(asker.heard.size() == 1);
  CHECK(world.lines() ==
        std::vector<std::string>{"session store 127.0.0.1:PORT is down: " + why + kAlone});
  CHECK(!world.store->ask(asker.question, kOne, 300));
  world.fake.script = [](const Words&) { return std::nullopt; };
  CHECK(world.until([&] { return world.link() == StoreLink::ready; }));
  CHECK(world.lines() == std::vector<std::string>{"session store 127.0.0.1:PORT serves"});
}

TEST_CASE("session store: one that does not let us in is down") {
  World world;
  world.heritage.password = "wrong";
  world.fake.script = [](const Words& words) -> std::optional<std::string> {
    if (words[0] == "AUTH") return "-WRONGPASS invalid\r\n";
    return "-NOAUTH Authentication required.\r\n";
  };
  world.start();
  CHECK(world.until([&] { return world.link() == StoreLink::down; }));
  CHECK(world.lines() ==
        std::vector<std::string>{
            "session store 127.0.0.1:PORT is down: it answers WRONGPASS invalid" + kAlone});
}

TEST_CASE("session store: a full one refuses, and says so once until it stores again") {
  World world;
  world.start_ready();
  world.lines();
  world.fake.script = [](const Words& words) -> std::optional<std::string> {
    if (words[0] == "SET") return "-OOM command not allowed\r\n";
    return std::nullopt;
  };
  Asker asker;
  for (int i = 0; i < 3; ++i) {
    CHECK(world.store->claim(asker.question, {kOne, "b1", 300}));
    CHECK(world.until([&] { return !asker.question.is_waiting(); }));
  }
  CHECK(asker.heard == std::vector<std::string>(3, "unknown"));
  CHECK(world.link() == StoreLink::refusing);
  CHECK(world.count(StoreCount::refused) == 3);
  world.fake.script = [](const Words&) { return std::nullopt; };
  CHECK(world.store->claim(asker.question, {kOne, "b1", 300}));
  CHECK(world.until_heard(asker, "b1"));
  CHECK(world.link() == StoreLink::ready);
  CHECK(world.lines() ==
        std::vector<std::string>{"session store 127.0.0.1:PORT refuses: it answers OOM command not "
                                 "allowed; this machine keeps such sessions alone",
                                 "session store 127.0.0.1:PORT serves"});
}

TEST_CASE("session store: one that goes and comes all the time has a line now and then") {
  World world;
  world.start_ready();
  world.lines();
  world.fake.script = [](const Words& words) -> std::optional<std::string> {
    if (words[0] == "SET") return "-READONLY\r\n";
    return std::nullopt;
  };
  for (int i = 0; i < 2; ++i) {
    world.store->write({kOne, "b1", 300});
    CHECK(world.until([&] { return world.link() == StoreLink::down; }));
    CHECK(world.until([&] { return world.link() == StoreLink::ready; }));
  }
  CHECK(world.lines() == std::vector<std::string>{
                             "session store 127.0.0.1:PORT is down: it answers READONLY" + kAlone,
                             "session store 127.0.0.1:PORT serves"});
}

TEST_CASE("session store: two workers, and one line for each change") {
  World world;
  world.start_ready();
  world.lines();
  worker::store::SessionStore second(world.loop, &world.config, world.heritage,
                                     world.segment.store(), 7, world.log);
  second.start();
  CHECK(world.until([&] { return second.is_settled(); }));
  CHECK(world.lines().empty());
  world.config.port = 6380;  // a reload has brought another store
  worker::store::SessionStore third(world.loop, &world.config, world.heritage,
                                    world.segment.store(), 8, world.log);
  third.start();
  CHECK(world.until([&] { return third.is_settled(); }));
  CHECK(world.lines() == std::vector<std::string>{"session store 127.0.0.1:PORT serves"});
}

TEST_CASE("session store: the first server that is a primary serves") {
  World world;
  world.heritage.servers.push_back(world.other.server.address());
  SUBCASE("the first is a replica") {
    world.fake.script = [](const Words&) { return "*1\r\n$5\r\nslave\r\n"; };
  }
  SUBCASE("the first refuses connections") { world.fake.server.stops_listening(); }
  SUBCASE("the first does not know ROLE") {
    world.fake.script = [](const Words&) { return "-NOAUTH Authentication required.\r\n"; };
  }
  world.start();
  CHECK(world.until([&] { return world.link() == StoreLink::ready; }));
  CHECK(world.other.commands == std::vector<std::string>{"ROLE"});
  CHECK(world.lines() ==
        std::vector<std::string>{
            "session store 127.0.0.1:" + std::to_string(world.other.server.port()) + " serves"});
}

TEST_CASE("session store: a sentinel names the primary") {
  World world;
  world.config.sentinel = "main";
  world.heritage.password = "p";
  world.fake.script = [&](const Words& words) -> std::optional<std::string> {
    if (words[0] == "AUTH") return "-ERR no password is set\r\n";
    return "*2\r\n" + bulk("127.0.0.1") + bulk(std::to_string(world.other.server.port()));
  };
  world.start();
  CHECK(world.until([&] { return world.link() == StoreLink::ready; }));
  CHECK(world.fake.commands ==
        std::vector<std::string>{"AUTH p", "SENTINEL get-master-addr-by-name main"});
  CHECK(world.other.commands == std::vector<std::string>{"AUTH p", "ROLE"});
}

TEST_CASE("session store: a sentinel that does not know the name") {
  World world;
  world.config.sentinel = "main";
  std::string why;
  SUBCASE("nil") {
    world.fake.script = [](const Words&) { return "*-1\r\n"; };
    why = "this sentinel knows no primary `main`";
  }
  SUBCASE("a name") {
    world.fake.script = [](const Words&) { return "*2\r\n" + bulk("db.test") + bulk("6379"); };
    why = "this sentinel does not answer with a numeric address and a port";
  }
  world.start();
  CHECK(world.until([&] { return world.link() == StoreLink::down; }));
  CHECK(world.lines() ==
        std::vector<std::string>{"session store 127.0.0.1:PORT is down: " + why + kAlone});
}

TEST_CASE("session store: what is under way is bounded") {
  World world;
  world.start_ready();
  world.fake.is_silent = true;
  for (std::size_t i = 0; i < worker::store::kMostUnanswered + 10; ++i) {
    world.store->write({kOne, "b1", 300});
  }
  CHECK(world.count(StoreCount::written) == worker::store::kMostUnanswered);
  CHECK(world.count(StoreCount::skipped) == 10);
}
