// Names that are looked up again. The resolver is that of test_name_lookup.cc: a number is the
// number of addresses, "none" has none, and "hang" never answers.
#include <doctest/doctest.h>
#include <poll.h>
#include <sys/wait.h>

#include <string>
#include <vector>

#include "master/name_refresh.h"
#include "t/unit/master/heritage.h"

using master::Generation;
using master::NameRefresh;

namespace {

class Lines : public master::LogSink {
 public:
  explicit Lines(std::string& text) : text_(text) {}

 protected:
  Sent send(int, pid_t, std::string_view text, std::uint64_t) override {
    text_ += std::string(text) + "\n";
    return Sent::yes;
  }

 private:
  std::string& text_;
};

// A generation with these backends, of which none has resolved, and Alive: 30.
struct Refreshed {
  explicit Refreshed(const std::vector<const char*>& hosts) {
    conf::Config config;
    config.global.alive = std::chrono::seconds(30);
    for (const char* host : hosts) config.backends.push_back(backend("b", host));
    generation.heritage.config = std::make_shared<const conf::Config>(std::move(config));
    generation.heritage.backends.resize(hosts.size());
    generation.heritage.segment = &segment;
    for (std::uint32_t i = 0; i < hosts.size(); ++i) {
      segment.backends().enroll(i + 1, 0, 1);
      segment.backends().mark_dead(i, shm::DeadReason::dns, 1);
      generation.heritage.backends[i].row = i;
    }
  }
  ~Refreshed() {
    refresh.stop();
    ::waitpid(-1, nullptr, 0);
  }

  // Turns, with `now_ms` as the time, until the look-up that is under way has ended.
  void complete(std::uint64_t now_ms) {
    while (refresh.fd() >= 0) {
      pollfd polled{refresh.fd(), POLLIN, 0};
      REQUIRE(::poll(&polled, 1, 30'000) == 1);
      refresh.turn(generation, now_ms);
    }
  }
  std::size_t published(std::uint32_t row) {
    std::array<shm::Address, shm::kMaxAddresses> found;
    return segment.backend_addresses().read(row, found);
  }
  const std::string& log() {
    queue.flush();
    return text;
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
  all.refresh.turn(all.generation, 31'000);
  all.complete(31'000);
  CHECK(all.segment.backends().is_live(0));
  CHECK_FALSE(all.segment.backends().is_live(1));
  CHECK(all.published(0) == 2);
  CHECK(all.published(1) == 0);
  CHECK(all.generation.heritage.backends[0].addresses.size() == 2);
  CHECK(all.generation.heritage.backends[1].addresses.empty());
  CHECK(all.log() == "backend b (2.test:80) resolves now and is live: 127.0.0.1 127.0.0.2\n");
  CHECK(all.refresh.due_ms() == 61'000);
}

TEST_CASE("name refresh: without unresolved names there is no further look-up") {
  Refreshed all({"1.test"});
  all.refresh.turn(all.generation, 5000);
  all.complete(5000);
  CHECK(all.refresh.due_ms() == 35'000);
  all.refresh.turn(all.generation, 35'000);
  CHECK(all.refresh.fd() == -1);
  CHECK(all.refresh.due_ms() == master::kNever);
}

TEST_CASE("name refresh: a look-up that hangs ends at its deadline, and another follows") {
  Refreshed all({"hang.test"});
  all.refresh.turn(all.generation, master::now_ms());
  CHECK(all.refresh.fd() >= 0);
  const std::uint64_t deadline = all.refresh.due_ms();
  all.refresh.turn(all.generation, deadline - 1);
  CHECK(all.refresh.fd() >= 0);
  all.refresh.turn(all.generation, deadline);
  CHECK(all.refresh.fd() == -1);
  CHECK(all.refresh.due_ms() == deadline + 30'000);
  CHECK_FALSE(all.segment.backends().is_live(0));
}
