#include <doctest/doctest.h>
#include <syslog.h>

#include <vector>

#include "master/clock.h"
#include "master/log_drain.h"

using master::Journal;
using master::kRecordsPerTurn;
using master::LogDrain;
using master::LogSink;

namespace {

struct Heard {
  std::vector<std::string> lines;
  std::size_t room = 1'000'000;
  bool holds = false;  // one that gathers lines could not send them
};

class FakeSink : public LogSink {
 public:
  explicit FakeSink(Heard& heard) : heard_(heard) {}
  bool holds() const override { return heard_.holds; }

 protected:
  Sent send(int priority, pid_t pid, std::string_view text, std::uint64_t) override {
    if (heard_.lines.size() >= heard_.room) return Sent::later;
    // Our own pid differs from run to run; the workers' here are small.
    const std::string who = pid < 10 ? std::to_string(pid) : "master";
    heard_.lines.push_back(std::to_string(priority) + " " + who + " " + std::string(text));
    return Sent::yes;
  }

 private:
  Heard& heard_;
};

using Lines = std::vector<std::string>;

// Two live rows of processes 1 and 2, and time that moves when it is told to.
struct Fixture {
  Fixture() {
    for (int pid = 1; pid <= 2; ++pid) {
      const shm::Row row = *segment.workers().take(static_cast<shm::Slot>(pid), 1);
      segment.workers().set_pid(row, pid);
      segment.log_ring(row).reset();
      drain.opened(row, now);
    }
    journal.started();
  }
  bool write(shm::Row row, const std::string& text) {
    return segment.log_ring(row).write(LOG_INFO, text);
  }

  Heard heard;
  shm::Segment segment;
  Journal journal{std::make_unique<FakeSink>(heard), 0};
  LogDrain drain{segment, journal};
  std::uint64_t now = master::now_ms();
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "log drain: all rings, each record with its process and priority") {
  write(1, "c");
  write(0, "a");
  write(0, "b");
  segment.log_ring(1).write(LOG_ERR, "d");
  drain.turn(now);
  CHECK(heard.lines == Lines{"6 1 a", "6 1 b", "6 2 c", "3 2 d"});
}

TEST_CASE_FIXTURE(Fixture, "log drain: a turn ends at its bound, and the next comes at once") {
  for (unsigned i = 0; i < kRecordsPerTurn + 1; ++i) write(0, "x");
  drain.turn(now);
  CHECK(heard.lines.size() == kRecordsPerTurn);
  CHECK(drain.timeout_ms() == 0);
  drain.turn(now);
  CHECK(heard.lines.size() == kRecordsPerTurn + 1);
  CHECK(drain.timeout_ms() == master::kDrainPauseMs);
}

TEST_CASE_FIXTURE(Fixture, "log drain: after a second of silence it sleeps until the doorbell") {
  write(0, "a");
  drain.turn(now);
  CHECK_FALSE(write(0, "b"));  // the drain is awake: no doorbell
  now += master::kSilenceMs - 1;
  drain.turn(now);
  CHECK(drain.timeout_ms() == master::kDrainPauseMs);
  now += master::kSilenceMs - 1;
  drain.turn(now);
  CHECK(drain.timeout_ms() == master::kDrainPauseMs);
  now += 1;
  drain.turn(now);
  CHECK(drain.timeout_ms() == -1);

  CHECK(write(1, "c"));
  drain.doorbell_rang(now);
  CHECK(drain.timeout_ms() == master::kDrainPauseMs);
  CHECK_FALSE(write(0, "d"));  // one doorbell wakes all rings
  drain.turn(now);
  CHECK(heard.lines == Lines{"6 1 a", "6 1 b", "6 1 d", "6 2 c"});
}

TEST_CASE_FIXTURE(Fixture, "log drain: a birth while it sleeps wakes it") {
  drain.turn(now + master::kSilenceMs);
  CHECK(drain.timeout_ms() == -1);
  drain.opened(0, now + master::kSilenceMs);
  CHECK(drain.timeout_ms() == master::kDrainPauseMs);
}

TEST_CASE_FIXTURE(Fixture, "log drain: a full sink keeps the record and the order") {
  for (const char* text : {"a", "b", "c"}) write(0, text);
  write(1, "d");
  heard.room = 1;
  drain.turn(now);
  drain.turn(now);
  CHECK(heard.lines == Lines{"6 1 a"});
  CHECK(drain.timeout_ms() > master::kDrainPauseMs);
  heard.room = 1'000'000;
  drain.turn(now);
  CHECK(heard.lines == Lines{"6 1 a", "6 1 b", "6 1 c", "6 2 d"});
}

TEST_CASE_FIXTURE(Fixture,
                  "log drain: what a sink could not send is waited for, and not added to") {
  for (unsigned i = 0; i < kRecordsPerTurn + 1; ++i) write(0, "x");
  drain.turn(now);
  CHECK(drain.timeout_ms() == 0);
  heard.holds = true;
  now += 2 * master::kSilenceMs;
  drain.turn(now);
  CHECK(heard.lines.size() == kRecordsPerTurn);
  CHECK(drain.timeout_ms() > master::kDrainPauseMs);
  heard.holds = false;
  drain.turn(now);
  CHECK(heard.lines.size() == kRecordsPerTurn + 1);
  CHECK(drain.timeout_ms() == master::kDrainPauseMs);
}

TEST_CASE_FIXTURE(Fixture, "log drain: what a full ring dropped is told") {
  const std::string large(shm::kMaxLogRecord, 'x');
  unsigned written = 0;
  while (segment.log_ring(1).dropped() == 0) {
    write(1, large);
    ++written;
  }
  write(1, large);
  drain.turn(now);
  CHECK(heard.lines.size() == written - 1 + 1);
  CHECK(heard.lines.back() == "4 master 2 log records were lost");
}

TEST_CASE_FIXTURE(Fixture, "log drain: asleep, it still comes back for what waits for the reader") {
  heard.room = 0;
  journal.lose(1);
  drain.turn(now + master::kSilenceMs);
  CHECK(journal.is_behind());
  CHECK(drain.timeout_ms() > 0);
  heard.room = 1;
  drain.turn(now + master::kSilenceMs + 1);
  CHECK(heard.lines == Lines{"4 master 1 log record was lost"});
  CHECK(drain.timeout_ms() == -1);
}

TEST_CASE_FIXTURE(Fixture, "log drain: a dead process's last words are all taken") {
  for (unsigned i = 0; i < kRecordsPerTurn + 5; ++i) write(0, "x");
  drain.closing(0);
  CHECK(heard.lines.size() == kRecordsPerTurn + 5);
}

TEST_CASE_FIXTURE(Fixture, "log drain: last words wait for a slow reader, before those of others") {
  for (const char* text : {"a", "b", "c"}) write(0, text);
  heard.room = 0;
  drain.turn(now);
  drain.closing(0);
  segment.release_row(0);
  write(1, "d");
  drain.turn(now);
  heard.room = 1'000'000;
  drain.turn(now);
  CHECK(heard.lines == Lines{"6 1 a", "6 1 b", "6 1 c", "6 2 d"});
}

TEST_CASE_FIXTURE(Fixture, "log drain: what a dead process's ring dropped is counted") {
  const std::string large(shm::kMaxLogRecord, 'x');
  unsigned written = 0;
  while (segment.log_ring(0).dropped() == 0) {
    write(0, large);
    ++written;
  }
  drain.closing(0);
  segment.release_row(0);
  CHECK(heard.lines.size() == written - 1 + 1);
  CHECK(heard.lines.back() == "4 master 1 log record was lost");
}

TEST_CASE_FIXTURE(Fixture, "log drain: reports the drops of every ring, and each drop once") {
  const std::string large(shm::kMaxLogRecord, 'x');
  for (const shm::Row row : {0, 1}) {
    while (segment.log_ring(row).dropped() < row + 1) write(row, large);
  }
  drain.turn(now);
  CHECK(heard.lines.back() == "4 master 3 log records were lost");
  const std::size_t lines = heard.lines.size();
  drain.turn(now + 2 * master::kTellLossesMs);
  CHECK(heard.lines.size() == lines);
}
