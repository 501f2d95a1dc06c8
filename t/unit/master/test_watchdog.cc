// Heartbeats that stand still: each is reported once, and none after a pause of the master.
#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "master/watchdog.h"
#include "t/unit/master/heritage.h"

using master::kAbsenceMs;
using master::kLookMs;
using master::kStandstillMs;
using master::WorkerId;
using WorkerIds = std::vector<WorkerId>;

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
  Fixture() { log_queue.end_startup(); }
  void add(WorkerId id, pid_t pid, bool ready = true) {
    const shm::Row row = *segment.workers().take(id.slot, id.generation);
    master::Process process;
    process.pid = pid;
    process.row = row;
    if (ready) process.state = master::Process::State::ready;
    processes.add(id, std::move(process));
  }
  void beat(WorkerId id, std::uint64_t now_ms) {
    segment.workers().beat(processes.find(id)->row, now_ms);
  }
  // Looks each second from `from_ms` to `to_ms`. Only the last look may find workers; returns them.
  WorkerIds look(std::uint64_t from_ms, std::uint64_t to_ms) {
    WorkerIds found;
    for (std::uint64_t now = from_ms; now <= to_ms; now += kLookMs) {
      CHECK(found.empty());
      found = watchdog.look(processes, now);
    }
    return found;
  }

  shm::Segment segment{1000};
  std::vector<std::string> lines;
  master::LogQueue log_queue{std::make_unique<FakeSink>(lines), 0};
  master::ProcessTable processes;
  master::Watchdog watchdog{segment, log_queue};
};

constexpr WorkerId kFirst{1, 0}, kSecond{1, 1};

}  // namespace

TEST_CASE("watchdog: a worker that stands still for ten seconds is found once") {
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
  CHECK(f.watchdog.look(f.processes, 5000 + kStandstillMs) == WorkerIds{kFirst});
  CHECK(f.look(5000 + kStandstillMs + kLookMs, 5000 + 2 * kStandstillMs - 2) == WorkerIds{});
}

TEST_CASE("watchdog: every change of the heartbeat counts, even to an impossible time") {
  Fixture f;
  f.add(kFirst, 1001);
  for (const std::uint64_t beat : {std::uint64_t{5000}, std::uint64_t{1}, ~std::uint64_t{0}}) {
    static std::uint64_t now = 5000;
    f.beat(kFirst, beat);
    CHECK(f.look(now, now + kStandstillMs - kLookMs).empty());
    now += kStandstillMs;
  }
  CHECK(f.watchdog.look(f.processes, 5000 + 3 * kStandstillMs) == WorkerIds{kFirst});
}

TEST_CASE("watchdog: a successor gets ten seconds of its own") {
  Fixture f;
  f.add(kFirst, 1001);
  CHECK(f.look(5000, 5000 + kStandstillMs - kLookMs).empty());
  f.processes.remove(1001);
  f.segment.workers().free(0);
  f.add(kFirst, 1003);
  CHECK(f.look(5000 + kStandstillMs, 5000 + 2 * kStandstillMs - kLookMs).empty());
  CHECK(f.watchdog.look(f.processes, 5000 + 2 * kStandstillMs) == WorkerIds{kFirst});
}

TEST_CASE("watchdog: ignores workers that are not ready or are given up") {
  Fixture f;
  f.add(kFirst, 1001, false);
  f.add(kSecond, 1002);
  f.processes.find(kSecond)->state = master::Process::State::given_up;
  CHECK(f.look(5000, 5000 + 3 * kStandstillMs).empty());
  f.processes.find(kFirst)->state = master::Process::State::ready;
  const std::uint64_t ready = 5000 + 3 * kStandstillMs + kLookMs;
  CHECK(f.look(ready, ready + kStandstillMs - kLookMs).empty());
  CHECK(f.watchdog.look(f.processes, ready + kStandstillMs) == WorkerIds{kFirst});
}

TEST_CASE("watchdog: starts anew after a pause of the master") {
  Fixture f;
  f.add(kFirst, 1001);
  CHECK(f.look(5000, 14'000).empty());
  // Two looks this far apart are late, but not a pause.
  SUBCASE("at the limit it continues") {
    CHECK(f.watchdog.look(f.processes, 14'000 + kAbsenceMs) == WorkerIds{kFirst});
  }
  SUBCASE("beyond the limit all workers get another ten seconds") {
    const std::uint64_t back = 14'000 + kAbsenceMs + 1;
    CHECK(f.look(back, back + kStandstillMs - kLookMs).empty());
    CHECK(f.watchdog.look(f.processes, back + kStandstillMs) == WorkerIds{kFirst});
  }
}

TEST_CASE("watchdog: logs what the worker was doing and kills it") {
  Fixture f;
  master::WakeFds wake_fds(16);
  const master::Generation generation =
      master::make_generation(1, sample_heritage(), nullptr, f.segment, wake_fds);
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
    if (now >= f.watchdog.due_ms()) f.watchdog.turn(f.processes, {&generation}, now);
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
  CHECK(f.watchdog.due_ms() == kLookMs);
  f.watchdog.turn(f.processes, {}, 5000);
  CHECK(f.watchdog.due_ms() == 5000 + kLookMs);
  f.watchdog.turn(f.processes, {}, 5000 + kLookMs);
  CHECK(f.watchdog.due_ms() == 5000 + 2 * kLookMs);
}
