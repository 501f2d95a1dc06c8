#include <doctest/doctest.h>
#include <syslog.h>

#include <vector>

#include "master/clock.h"
#include "master/log_drain.h"

using master::kRecordsPerTurn;
using master::LogDrain;
using master::LogQueue;
using master::LogSink;

namespace {

constexpr std::uint64_t kSlowReaderMs = 100;

struct Reader {
  std::vector<std::string> lines;
  std::size_t room = 1'000'000;
  bool holds = false;  // the sink could not send the lines that it gathered
};

class FakeSink : public LogSink {
 public:
  explicit FakeSink(Reader& reader) : reader_(reader) {}
  bool holds() const override { return reader_.holds; }

 protected:
  Sent send(int priority, pid_t pid, std::string_view text, std::uint64_t) override {
    if (reader_.lines.size() >= reader_.room) return Sent::later;
    // The pid of the test differs from run to run. Those of the workers are 1 and 2.
    const std::string who = pid < 10 ? std::to_string(pid) : "master";
    reader_.lines.push_back(std::to_string(priority) + " " + who + " " + std::string(text));
    return Sent::yes;
  }

 private:
  Reader& reader_;
};

using Lines = std::vector<std::string>;

// Two rows, of the live processes 1 and 2, and a clock that the test sets.
struct Fixture {
  Fixture() {
    for (int pid = 1; pid <= 2; ++pid) {
      const shm::Row row = *segment.workers().take(static_cast<shm::Slot>(pid), 1);
      segment.log_ring(row).reset();
      drain.on_spawn(row, pid, now);
    }
    log_queue.end_startup();
  }
  bool write(shm::Row row, const std::string& text) {
    return segment.log_ring(row).write(LOG_INFO, text);
  }

  Reader reader;
  shm::Segment segment;
  LogQueue log_queue{std::make_unique<FakeSink>(reader), 0};
  LogDrain drain{segment, log_queue};
  std::uint64_t now = master::now_ms();
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "log drain: reads all rings; each record has its pid and priority") {
  write(1, "c");
  write(0, "a");
  write(0, "b");
  segment.log_ring(1).write(LOG_ERR, "d");
  drain.turn(now);
  CHECK(reader.lines == Lines{"6 1 a", "6 1 b", "6 2 c", "3 2 d"});
}

TEST_CASE_FIXTURE(
    Fixture, "log drain: a turn reads a bounded number of records, and the next is due at once") {
  for (unsigned i = 0; i < kRecordsPerTurn + 1; ++i) write(0, "x");
  drain.turn(now);
  CHECK(reader.lines.size() == kRecordsPerTurn);
  CHECK(drain.due_ms() == master::kNow);
  drain.turn(now);
  CHECK(reader.lines.size() == kRecordsPerTurn + 1);
  CHECK(drain.due_ms() == now + master::kDrainPauseMs);
}

TEST_CASE_FIXTURE(Fixture,
                  "log drain: after a second without records it sleeps until the doorbell") {
  write(0, "a");
  drain.turn(now);
  CHECK_FALSE(write(0, "b"));  // false: the drain is awake and needs no doorbell
  now += master::kSilenceMs - 1;
  drain.turn(now);
  CHECK(drain.due_ms() == now + master::kDrainPauseMs);
  now += master::kSilenceMs - 1;
  drain.turn(now);
  CHECK(drain.due_ms() == now + master::kDrainPauseMs);
  now += 1;
  drain.turn(now);
  CHECK(drain.due_ms() == now + master::kSilenceMs);

  CHECK(write(1, "c"));
  drain.on_doorbell(now);
  CHECK(drain.due_ms() == master::kNow);
  CHECK_FALSE(write(0, "d"));  // one doorbell wakes all rings
  drain.turn(now);
  CHECK(reader.lines == Lines{"6 1 a", "6 1 b", "6 1 d", "6 2 c"});
}

TEST_CASE_FIXTURE(Fixture, "log drain: the start of a worker wakes it") {
  drain.turn(now + master::kSilenceMs);
  CHECK(drain.due_ms() == now + 2 * master::kSilenceMs);
  drain.on_spawn(9, 9, now + master::kSilenceMs);
  CHECK(drain.due_ms() == master::kNow);
}

TEST_CASE_FIXTURE(Fixture, "log drain: a full sink loses no record and keeps the order") {
  for (const char* text : {"a", "b", "c"}) write(0, text);
  write(1, "d");
  reader.room = 1;
  drain.turn(now);
  drain.turn(now);
  CHECK(reader.lines == Lines{"6 1 a"});
  CHECK(drain.due_ms() == now + kSlowReaderMs);
  reader.room = 1'000'000;
  drain.turn(now);
  CHECK(reader.lines == Lines{"6 1 a", "6 1 b", "6 1 c", "6 2 d"});
}

TEST_CASE_FIXTURE(Fixture,
                  "log drain: leaves records in the rings until the sink has sent its lines") {
  for (unsigned i = 0; i < kRecordsPerTurn + 1; ++i) write(0, "x");
  drain.turn(now);
  CHECK(drain.due_ms() == master::kNow);
  reader.holds = true;
  now += 2 * master::kSilenceMs;
  drain.turn(now);
  CHECK(reader.lines.size() == kRecordsPerTurn);
  CHECK(drain.due_ms() == now + kSlowReaderMs);
  reader.holds = false;
  drain.turn(now);
  CHECK(reader.lines.size() == kRecordsPerTurn + 1);
  CHECK(drain.due_ms() == now + master::kDrainPauseMs);
}

TEST_CASE_FIXTURE(Fixture, "log drain: reports the records that a full ring dropped") {
  const std::string large(shm::kMaxLogRecord, 'x');
  unsigned written = 0;
  while (segment.log_ring(1).dropped() == 0) {
    write(1, large);
    ++written;
  }
  write(1, large);
  drain.turn(now);
  CHECK(reader.lines.size() == written - 1 + 1);
  CHECK(reader.lines.back() == "4 master 2 log records were lost");
}

TEST_CASE_FIXTURE(Fixture,
                  "log drain: also when asleep, it tries again until the reader has taken all") {
  reader.room = 0;
  log_queue.lose(1);
  drain.turn(now + master::kSilenceMs);
  CHECK(log_queue.is_behind());
  CHECK(drain.due_ms() == now + master::kSilenceMs + kSlowReaderMs);
  reader.room = 1;
  drain.turn(now + master::kSilenceMs + 1);
  CHECK(reader.lines == Lines{"4 master 1 log record was lost"});
  CHECK(drain.due_ms() == now + 2 * master::kSilenceMs + 1);
}

TEST_CASE_FIXTURE(Fixture, "log drain: takes all records of a dead process") {
  for (unsigned i = 0; i < kRecordsPerTurn + 5; ++i) write(0, "x");
  drain.on_exit(0, now);
  CHECK(reader.lines.size() == kRecordsPerTurn + 5);
}

TEST_CASE_FIXTURE(
    Fixture,
    "log drain: records of a dead process wait for a slow reader, before those of others") {
  for (const char* text : {"a", "b", "c"}) write(0, text);
  reader.room = 0;
  drain.turn(now);
  drain.on_exit(0, now);
  segment.release_row(0);
  write(1, "d");
  drain.turn(now);
  reader.room = 1'000'000;
  drain.turn(now);
  CHECK(reader.lines == Lines{"6 1 a", "6 1 b", "6 1 c", "6 2 d"});
}

TEST_CASE_FIXTURE(Fixture,
                  "log drain: counts the records that the ring of a dead process dropped") {
  const std::string large(shm::kMaxLogRecord, 'x');
  unsigned written = 0;
  while (segment.log_ring(0).dropped() == 0) {
    write(0, large);
    ++written;
  }
  drain.on_exit(0, now);
  segment.release_row(0);
  CHECK(reader.lines.size() == written - 1 + 1);
  CHECK(reader.lines.back() == "4 master 1 log record was lost");
}

TEST_CASE_FIXTURE(Fixture, "log drain: reports the drops of every ring, and each drop once") {
  const std::string large(shm::kMaxLogRecord, 'x');
  for (const shm::Row row : {0, 1}) {
    while (segment.log_ring(row).dropped() < row + 1) write(row, large);
  }
  drain.turn(now);
  CHECK(reader.lines.back() == "4 master 3 log records were lost");
  const std::size_t lines = reader.lines.size();
  drain.turn(now + 2 * master::kTellLossesMs);
  CHECK(reader.lines.size() == lines);
}

TEST_CASE_FIXTURE(Fixture, "log drain: asleep, it looks every second, if the doorbell is broken") {
  drain.turn(now + master::kSilenceMs);
  write(0, "a");
  CHECK(drain.due_ms() == now + 2 * master::kSilenceMs);
  drain.turn(now + 2 * master::kSilenceMs);
  CHECK(reader.lines == Lines{"6 1 a"});
  CHECK_FALSE(write(0, "b"));  // it is awake again
}

TEST_CASE_FIXTURE(Fixture,
                  "log drain: no record is worse than an error, whatever its writer says") {
  segment.log_ring(0).write(LOG_EMERG, "a");
  segment.log_ring(0).write(LOG_CRIT, "b");
  segment.log_ring(0).write(LOG_ERR, "c");
  segment.log_ring(0).write(LOG_DEBUG, "d");
  drain.turn(now);
  CHECK(reader.lines == Lines{"3 1 a", "3 1 b", "3 1 c", "7 1 d"});
}

TEST_CASE_FIXTURE(Fixture, "log drain: the pid is the one that the master knows") {
  segment.workers().set_pid(0, 1);
  write(0, "a");
  drain.turn(now);
  CHECK(reader.lines == Lines{"6 1 a"});
  segment.release_row(0);
  write(0, "b");  // the row is free, says the table; its process has not been reaped
  drain.turn(now);
  CHECK(reader.lines.back() == "6 1 b");
}

TEST_CASE_FIXTURE(Fixture, "log drain: a ring that its dead process left has an end") {
  for (unsigned i = 0; i < shm::kLogRingBytes / 8; ++i) write(0, "");
  reader.room = 10;
  drain.on_exit(0, now);
  CHECK(reader.lines.size() == 10);
  reader.room = 1'000'000;
  log_queue.flush();
  CHECK(reader.lines.size() == shm::kLogRingBytes / 8);
  drain.on_exit(0, now);  // nothing is left
  CHECK(reader.lines.size() == shm::kLogRingBytes / 8);
}

TEST_CASE_FIXTURE(Fixture, "log drain: an impossible count of dropped records is cut") {
  struct Head {  // how a ring begins
    std::uint64_t written;
    std::uint64_t dropped;
  };
  auto* const head = static_cast<Head*>(static_cast<void*>(&segment.log_ring(0)));
  head->dropped = ~std::uint64_t{0};
  drain.turn(now + 1);
  CHECK(reader.lines.back() ==
        "4 master " + std::to_string(2 * master::kMostDropsPerMs) + " log records were lost");
  head->dropped = 0;  // set back: nothing more
  drain.turn(now + 2 * master::kTellLossesMs);
  CHECK(reader.lines.size() == 1);
}
