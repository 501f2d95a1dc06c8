// Names that are looked up again. The resolver is that of test_name_lookup.cc: a number is the
// number of addresses, "none" has none, "hang" never answers, and a test tells those of "told".
#include <doctest/doctest.h>
#include <netdb.h>
#include <poll.h>
#include <sys/wait.h>

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "master/name_refresh.h"
#include "t/unit/master/heritage.h"
#include "t/unit/master/lines.h"
#include "t/unit/master/told.h"
#include "worker/backend/addresses.h"

using master::Generation;
using master::NameRefresh;

namespace {

// A generation with these backends, of which none has resolved, and Alive: 30.
struct Refreshed {
  explicit Refreshed(const std::vector<const char*>& hosts, unsigned resolve = 30) {
    conf::Config config;
    config.global.alive = std::chrono::seconds(30);
    for (const char* host : hosts) {
      config.backends.push_back(backend("b", host));
      config.backends.back().resolve = std::chrono::seconds(resolve);
    }
    generation.heritage.config = std::make_shared<const conf::Config>(std::move(config));
    generation.heritage.backends.resize(hosts.size());
    generation.heritage.segment = &segment;
    for (std::uint32_t i = 0; i < hosts.size(); ++i) {
      segment.backends().enroll(i + 1, 0, 1);
      segment.backends().mark_dead(i, shm::DeadReason::dns, 1);
      generation.heritage.backends[i].row = i;
      generation.heritage.backends[i].id = i + 1;
    }
  }
  ~Refreshed() {
    refresh.stop();
    ::waitpid(-1, nullptr, 0);
  }

  // What the name of the first backend resolved to when the generation began.
  void resolved_to(const std::vector<unsigned>& last_parts) {
    told = last_parts;
    for (const unsigned part : last_parts) {
      generation.heritage.backends[0].addresses.push_back(numeric(part));
    }
    segment.backends().mark_live(0, 2);
    refresh.restart(generation, 0);
  }
  static worker::net::SocketAddress numeric(unsigned part) {
    return worker::net::read_numeric({"127.0.0." + std::to_string(part), 80, false})
        ->addresses.at(0);
  }
  // Turns, with `now_ms` as the time, until the look-up that is due has ended.
  void look_up(std::uint64_t now_ms) {
    REQUIRE(refresh.due_ms() <= now_ms);
    refresh.turn(generation, now_ms);
    while (refresh.fd() >= 0) {
      pollfd polled{refresh.fd(), POLLIN, 0};
      REQUIRE(::poll(&polled, 1, 30'000) == 1);
      refresh.turn(generation, now_ms);
    }
  }
  // The next look-up with this answer.
  void look_up_told(const std::vector<unsigned>& last_parts) {
    told = last_parts;
    look_up(refresh.due_ms());
  }
  std::size_t published(std::uint32_t row) {
    std::array<shm::Address, shm::kMaxAddresses> found;
    const auto list = segment.backend_addresses().read(row, found);
    return list && list->id == row + 1 ? list->count : 0;
  }
  // What was logged since the last call.
  std::string log() {
    queue.flush();
    return std::exchange(text, {});
  }

  shm::Segment segment;
  Generation generation;
  std::string text;
  master::LogQueue queue{std::make_unique<Lines>(text), 0};
  NameRefresh refresh{queue};
};

}  // namespace

TEST_CASE("name refresh: a name that resolves makes its backend live, and the others stay dead") {
  Refreshed all({"2.test", "none.test"});
  CHECK(all.refresh.due_ms() == master::kNever);
  all.refresh.restart(all.generation, 1000);
  CHECK(all.refresh.due_ms() == 31'000);
  all.refresh.turn(all.generation, 30'999);
  CHECK(all.refresh.fd() == -1);
  all.look_up(31'000);
  CHECK(all.segment.backends().is_live(0));
  CHECK_FALSE(all.segment.backends().is_live(1));
  CHECK(all.published(0) == 2);
  CHECK(all.published(1) == 0);
  CHECK(all.generation.heritage.backends[0].addresses.size() == 2);
  CHECK(all.generation.heritage.backends[1].addresses.empty());
  CHECK(all.log() == "backend b (2.test:80) resolves now and is live: 127.0.0.1 127.0.0.2\n");
  CHECK(all.refresh.due_ms() == 61'000);
}

TEST_CASE("name refresh: without names there is no look-up") {
  Refreshed all({"127.0.0.1", "::1"}, 1);
  all.refresh.restart(all.generation, 1000);
  CHECK(all.refresh.due_ms() == master::kNever);
}

TEST_CASE("name refresh: with Resolve 0 a name is looked up until it resolves") {
  Refreshed all({"1.test"}, 0);
  all.refresh.restart(all.generation, 1000);
  all.look_up(31'000);
  CHECK(all.published(0) == 1);
  CHECK(all.refresh.due_ms() == master::kNever);
}

TEST_CASE(
    "name refresh: a name that has not resolved is due after the shorter one of the periods") {
  Refreshed all({"none.test"}, 5);
  all.refresh.restart(all.generation, 1000);
  CHECK(all.refresh.due_ms() == 6000);
  all.look_up(6000);
  CHECK(all.refresh.due_ms() == 11'000);
  CHECK(all.log().empty());
}

TEST_CASE("name refresh: periods are counted from the start, and a second lies between look-ups") {
  Refreshed all({"told.test"}, 1);
  all.resolved_to({1});
  CHECK(all.refresh.due_ms() == 1000);
  all.look_up(1700);
  CHECK(all.refresh.due_ms() == 2700);  // due at 2000
  all.look_up(2700);
  CHECK(all.refresh.due_ms() == 3700);
  all.look_up(5000);
  CHECK(all.refresh.due_ms() == 6000);
  CHECK(all.log().empty());
}

TEST_CASE("name refresh: other addresses are published, and logged once") {
  Refreshed all({"told.test"});
  all.resolved_to({1, 2});
  const std::uint32_t version = all.segment.backend_addresses().version(0);
  all.look_up_told({2, 1});  // the same ones
  CHECK(all.segment.backend_addresses().version(0) == version);
  CHECK(all.log().empty());
  const std::string title = "backend b (told.test:80)";
  all.look_up_told({3, 2});
  CHECK(all.published(0) == 2);
  CHECK(all.generation.heritage.backends[0].addresses ==
        std::vector{Refreshed::numeric(2), Refreshed::numeric(3)});
  CHECK(all.log() ==
        title + " resolves to other addresses now: 127.0.0.3 is new, 127.0.0.1 is gone\n");
  all.look_up_told({3, 2, 3});
  CHECK(all.log().empty());
  all.look_up_told({3, 2, 7, 4});
  CHECK(all.log() == title + " resolves to other addresses now: 127.0.0.4 127.0.0.7 are new\n");
  all.look_up_told({7});
  CHECK(all.log() ==
        title + " resolves to other addresses now: 127.0.0.2 127.0.0.3 127.0.0.4 are gone\n");
  CHECK(all.segment.backends().is_live(0));
}

TEST_CASE("name refresh: a log line names at most eight of the addresses that came") {
  Refreshed all({"told.test"});
  all.resolved_to({1});
  all.look_up_told({1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11});
  CHECK(all.log() ==
        "backend b (told.test:80) resolves to other addresses now: 127.0.0.2 "
        "127.0.0.3 127.0.0.4 127.0.0.5 127.0.0.6 127.0.0.7 127.0.0.8 127.0.0.9 and 2 "
        "more are new\n");
  CHECK(all.published(0) == 11);
}

TEST_CASE("name refresh: without an answer the addresses stay, and the log says so once") {
  Refreshed all({"told.test"});
  all.resolved_to({1, 2});
  const std::string title = "backend b (told.test:80)";
  all.look_up_told({});
  CHECK(all.log() == title + ": its name does not resolve any more: " + ::gai_strerror(EAI_NONAME) +
                         "; it keeps the addresses it has\n");
  all.look_up_told({});
  CHECK(all.log().empty());
  CHECK(all.generation.heritage.backends[0].addresses.size() == 2);
  CHECK(all.segment.backends().is_live(0));
  all.look_up_told({1, 2});
  CHECK(all.log() == title + ": its name resolves again\n");
  all.look_up_told({});
  all.log();
  all.look_up_told({1});
  CHECK(all.log() == title + ": its name resolves again\n" + title +
                         " resolves to other addresses now: 127.0.0.2 is gone\n");
}

TEST_CASE("name refresh: a reload without an answer is not reported a second time") {
  Refreshed all({"told.test"});
  all.generation.heritage.backends[0].resolve_error = "no answer";
  all.resolved_to({1});
  all.look_up_told({});
  CHECK(all.log().empty());
  all.look_up_told({1});
  CHECK(all.log() == "backend b (told.test:80): its name resolves again\n");
}

TEST_CASE("name refresh: an address that is gone is no longer silent, and a new one is probed") {
  Refreshed all({"told.test"});
  all.resolved_to({1, 2});
  shm::BackendTable& table = all.segment.backends();
  const auto key = [](unsigned part) { return worker::backend::key_of(Refreshed::numeric(part)); };
  table.mark_silent(0, key(1), 10);
  table.mark_silent(0, key(2), 10);
  table.mark_dead(0, shm::DeadReason::refused, 10);
  REQUIRE(table.claim_probe(0, 2000, 60'000));
  all.look_up_told({2});
  CHECK(!table.is_silent(0, key(1)));
  CHECK(table.is_silent(0, key(2)));
  CHECK(!table.claim_probe(0, 2001, 60'000));
  all.look_up_told({2, 3});
  CHECK(table.claim_probe(0, 2001, 60'000));
  table.mark_silent(0, key(9), 10);  // by a worker that still had another list
  all.look_up_told({2, 3});
  CHECK(!table.is_silent(0, key(9)));
  CHECK(table.is_silent(0, key(2)));
}

TEST_CASE(
    "name refresh: a name that hangs does not keep others waiting, and ends at its deadline") {
  Refreshed all({"told.test", "hang.test"});
  all.resolved_to({1});
  told = {2};
  // The real time, by which the look-up has its deadline.
  all.refresh.restart(all.generation, master::now_ms() - 30'000);
  all.refresh.turn(all.generation, master::now_ms());
  const std::uint64_t deadline = all.refresh.due_ms();
  while (all.published(0) == 0) {
    pollfd polled{all.refresh.fd(), POLLIN, 0};
    REQUIRE(::poll(&polled, 1, 30'000) == 1);
    all.refresh.turn(all.generation, deadline - 1);
  }
  CHECK(all.refresh.fd() >= 0);
  all.refresh.turn(all.generation, deadline - 1);
  CHECK(all.refresh.fd() >= 0);
  all.refresh.turn(all.generation, deadline);
  CHECK(all.refresh.fd() == -1);
  CHECK(all.refresh.due_ms() > deadline);
  CHECK(all.refresh.due_ms() <= deadline + 30'000);
  CHECK_FALSE(all.segment.backends().is_live(1));
}
