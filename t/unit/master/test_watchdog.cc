// Heartbeats that stand still: n and n+1, each told once, and never for our own absence.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "master/watchdog.h"
#include "t/unit/master/heritage.h"

using master::kAbsenceMs;
using master::kLookMs;
using master::kStandstillMs;
using master::Place;
using Places = std::vector<Place>;

namespace {

class FakeSink : public master::LogSink {
 public:
  explicit FakeSink(std::vector<std::string>& lines) : lines_(lines) {}

 protected:
  Sent send(int priority, pid_t, std::string_view text, std::uint64_t) override {
    lines_.push_back(std::to_string(priority) + " " + std::string(text));
    return Sent::yes;
  }

 private:
  std::vector<std::string>& lines_;
};

struct Fixture {
  Fixture() { journal.started(); }
  void add(Place place, pid_t pid, bool ready = true) {
    const shm::Row row = *segment.workers().take(place.slot, place.generation);
    processes.add(place, master::Process{pid, row, {}, 0, ready, false});
  }
  void beat(Place place, std::uint64_t now_ms) {
    segment.workers().beat(processes.find(place)->row, now_ms);
  }
  // Looks each second from `from_ms` to `to_ms`; who was found at the last one.
  Places look(std::uint64_t from_ms, std::uint64_t to_ms) {
    Places found;
    for (std::uint64_t now = from_ms; now <= to_ms; now += kLookMs) {
      CHECK(found.empty());
      found = watchdog.look(processes, now);
    }
    return found;
  }

  shm::Segment segment{1000};
  std::vector<std::string> lines;
  master::Journal journal{std::make_unique<FakeSink>(lines), 0};
  master::ProcessTable processes;
  master::Watchdog watchdog{segment, journal};
};

constexpr Place kFirst{1, 0}, kSecond{1, 1};

}  // namespace

TEST_CASE("watchdog: a worker that stands still for ten seconds is found, and told once") {
  Fixture f;
  f.add(kFirst, 1001);
  f.add(kSecond, 1002);
  f.beat(kFirst, 5000);
  CHECK(f.watchdog.look(f.processes, 5000).empty());
  for (std::uint64_t now = 6000; now < 5000 + kStandstillMs; now += kLookMs) {
    f.beat(kSecond, now);
    CHECK(f.watchdog.look(f.processes, now).empty());
  }
  f.beat(kSecond, 5000 + kStandstillMs - 1);
  CHECK(f.watchdog.look(f.processes, 5000 + kStandstillMs - 1).empty());
  CHECK(f.watchdog.look(f.processes, 5000 + kStandstillMs) == Places{kFirst});
  CHECK(f.look(5000 + kStandstillMs + kLookMs, 5000 + 2 * kStandstillMs - 2) == Places{});
}

TEST_CASE("watchdog: any other beat is a beat, even an older or a newer one than can be") {
  Fixture f;
  f.add(kFirst, 1001);
  for (const std::uint64_t beat : {std::uint64_t{5000}, std::uint64_t{1}, ~std::uint64_t{0}}) {
    static std::uint64_t now = 5000;
    f.beat(kFirst, beat);
    CHECK(f.look(now, now + kStandstillMs - kLookMs).empty());
    now += kStandstillMs;
  }
  CHECK(f.watchdog.look(f.processes, 5000 + 3 * kStandstillMs) == Places{kFirst});
}

TEST_CASE("watchdog: a successor has its own ten seconds") {
  Fixture f;
  f.add(kFirst, 1001);
  CHECK(f.look(5000, 5000 + kStandstillMs - kLookMs).empty());
  f.processes.remove(1001);
  f.segment.workers().free(0);
  f.add(kFirst, 1003);
  CHECK(f.look(5000 + kStandstillMs, 5000 + 2 * kStandstillMs - kLookMs).empty());
  CHECK(f.watchdog.look(f.processes, 5000 + 2 * kStandstillMs) == Places{kFirst});
}

TEST_CASE("watchdog: who is not ready yet, or is given up, is not its business") {
  Fixture f;
  f.add(kFirst, 1001, false);
  f.add(kSecond, 1002);
  f.processes.find(kSecond)->given_up = true;
  CHECK(f.look(5000, 5000 + 3 * kStandstillMs).empty());
  f.processes.find(kFirst)->ready = true;
  const std::uint64_t ready = 5000 + 3 * kStandstillMs + kLookMs;
  CHECK(f.look(ready, ready + kStandstillMs - kLookMs).empty());
  CHECK(f.watchdog.look(f.processes, ready + kStandstillMs) == Places{kFirst});
}

TEST_CASE("watchdog: after an absence of our own the watch begins anew") {
  Fixture f;
  f.add(kFirst, 1001);
  CHECK(f.look(5000, 14'000).empty());
  // Late, but not for long enough to have been away.
  SUBCASE("at the limit it goes on") {
    CHECK(f.watchdog.look(f.processes, 14'000 + kAbsenceMs) == Places{kFirst});
  }
  SUBCASE("beyond it, all have another ten seconds") {
    const std::uint64_t back = 14'000 + kAbsenceMs + 1;
    CHECK(f.look(back, back + kStandstillMs - kLookMs).empty());
    CHECK(f.watchdog.look(f.processes, back + kStandstillMs) == Places{kFirst});
  }
}

TEST_CASE("watchdog: says what it was doing, and kills it") {
  Fixture f;
  master::Bells bells(16);
  const master::Generation generation =
      master::make_generation(1, sample_heritage(), nullptr, f.segment, bells);
  const pid_t pid = ::fork();
  if (pid == 0) {
    for (;;) ::pause();
  }
  REQUIRE(pid > 0);
  ::kill(pid, SIGSTOP);
  ::waitpid(pid, nullptr, WUNTRACED);
  f.add(kFirst, pid);
  f.segment.workers().note(0, {shm::Activity::relay, 0, 7});
  for (std::uint64_t now = 5000; now <= 5000 + kStandstillMs; now += kLookMs / 2) {
    f.watchdog.turn(f.processes, {&generation}, now);
  }
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGKILL);
  REQUIRE(f.lines.size() == 1);
  CHECK(f.lines[0].find("3 worker 0 (pid " + std::to_string(pid) +
                        ") has stood still for 10 s and is killed; it was doing relay, listener "
                        "127.0.0.1:0, service #7; state T (stopped)") == 0);
}

TEST_CASE("watchdog: the next look is due a second after the last one") {
  Fixture f;
  CHECK(f.watchdog.next_ms() == kLookMs);
  f.watchdog.turn(f.processes, {}, 5000);
  CHECK(f.watchdog.next_ms() == 5000 + kLookMs);
  f.watchdog.turn(f.processes, {}, 5000 + kLookMs - 1);  // not yet
  CHECK(f.watchdog.next_ms() == 5000 + kLookMs);
  f.watchdog.turn(f.processes, {}, 5000 + kLookMs);
  CHECK(f.watchdog.next_ms() == 5000 + 2 * kLookMs);
}
