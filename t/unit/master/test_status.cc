// The status report on its way into the log.
#include <doctest/doctest.h>

#include "master/clock.h"
#include "master/status.h"
#include "t/unit/master/heritage.h"

using master::kStatusLinesPerTurn;
using master::kStatusPatienceMs;
using master::LogQueue;
using master::LogSink;
using master::StatusReport;
using Lines = std::vector<std::string>;

namespace {

struct Reader {
  Lines lines;
  std::size_t room = 1'000'000;
};

class FakeSink : public LogSink {
 public:
  explicit FakeSink(Reader& reader) : reader_(reader) {}

 protected:
  Sent send(int priority, pid_t pid, std::string_view text, std::uint64_t) override {
    if (reader_.room == 0) return Sent::later;
    --reader_.room;
    CHECK(priority == 5);
    CHECK(pid == ::getpid());
    reader_.lines.emplace_back(text);
    return Sent::yes;
  }

 private:
  Reader& reader_;
};

struct Fixture {
  explicit Fixture(std::size_t more_backends = 0) {
    worker::Heritage heritage = sample_heritage();
    conf::Config config = *heritage.config;
    config.listeners[0].services.resize(2);
    config.listeners[1].services.resize(1);
    for (std::size_t i = 0; i < more_backends; ++i) {
      config.backends.push_back(backend(("more" + std::to_string(i)).c_str(), "::1"));
      heritage.backends.emplace_back();
    }
    heritage.config = std::make_shared<const conf::Config>(std::move(config));
    generation = master::make_generation(3, std::move(heritage), nullptr, segment, wake_fds);
    master::put_in_force(generation);
  }
  void turn(std::uint64_t now_ms) { report.turn({&generation}, now_ms); }
  bool has_ended() const {
    return !reader.lines.empty() && reader.lines.back().starts_with("status: object=end ");
  }

  shm::Segment segment{1000};
  master::WakeFds wake_fds{16};
  master::Generation generation;
  Reader reader;
  LogQueue log_queue{std::make_unique<FakeSink>(reader), 0};
  StatusReport report{segment, log_queue, 1000};
};

bool holds(const std::string& line, std::string_view text) {
  return line.find(text) != std::string::npos;
}

}  // namespace

TEST_CASE("status: one line for each object, with names from the configuration") {
  Fixture f;
  CHECK(f.report.due_ms() == master::kNever);
  f.turn(61'000);
  CHECK(f.reader.lines.empty());
  f.report.ask();
  CHECK(f.report.due_ms() == master::kNow);
  f.turn(61'000);
  const Lines& lines = f.reader.lines;
  REQUIRE(lines.size() == 11);
  CHECK(holds(lines[0], "status: object=process version=" POUND_VERSION " pid="));
  CHECK(holds(lines[0], " generation=3 uptime_s=60 workers=0 listeners=2 services=3 backends=3 "));
  CHECK(holds(lines[1], "object=listener address=127.0.0.1:0 "));
  CHECK(holds(lines[2], "object=listener address=127.0.0.1:0 "));
  CHECK(holds(lines[3], "object=service name=127.0.0.1:0/1 "));
  CHECK(holds(lines[4], "object=service name=127.0.0.1:0/2 "));
  CHECK(holds(lines[5], "object=service name=127.0.0.1:0/1 "));
  CHECK(holds(lines[6], "object=backend name=twin address=127.0.0.1:80 state=live "));
  CHECK(holds(lines[7], "object=backend name=twin address=127.0.0.1:80 state=live "));
  CHECK(holds(lines[8], "object=backend name=lost address=nowhere.invalid:80 state=dead "));
  CHECK(holds(lines[8], " reason=dns "));
  CHECK(holds(lines[9], "object=sessions "));
  CHECK(lines[10] == "status: object=end lines=10 omitted=0");
  CHECK(f.report.due_ms() == master::kNever);
}

TEST_CASE("status: a turn sends a bounded number of lines, and the next is due at once") {
  Fixture f(1000);
  f.report.ask();
  f.turn(5000);
  CHECK(f.reader.lines.size() == kStatusLinesPerTurn);
  CHECK(f.report.due_ms() == master::kNow);
  for (int i = 0; i < 20 && !f.has_ended(); ++i) f.turn(5000);
  REQUIRE(f.has_ended());
  CHECK(f.reader.lines.size() == 1011);
  CHECK(f.reader.lines.back() == "status: object=end lines=1010 omitted=0");
  CHECK(holds(f.reader.lines[9], "name=more0 address=[::1]:80 "));
}

TEST_CASE("status: a slow log gets all lines, in order") {
  Fixture f(1000);
  f.report.ask();
  f.reader.room = 10;
  f.turn(5000);
  CHECK(f.reader.lines.size() == 10);
  CHECK(f.report.due_ms() == 5050);
  for (int i = 0; i < 200 && !f.has_ended(); ++i) {
    f.reader.room = 10;
    f.turn(5000);
    f.log_queue.flush();
  }
  REQUIRE(f.has_ended());
  CHECK(f.reader.lines.size() == 1011);
  CHECK(holds(f.reader.lines[1008], "name=more999 "));
}

TEST_CASE("status: requests during a report get one fresh report after it") {
  Fixture f;
  f.report.ask();
  f.reader.room = 3;
  f.turn(5000);
  f.report.ask();
  f.report.ask();
  f.reader.room = 1000;
  f.turn(6000);
  CHECK(f.reader.lines.size() == 11);
  CHECK(holds(f.reader.lines[0], " uptime_s=4 "));
  CHECK(f.report.due_ms() == master::kNow);
  f.turn(7000);
  CHECK(f.reader.lines.size() == 22);
  CHECK(holds(f.reader.lines[11], " uptime_s=6 "));
  f.turn(8000);
  CHECK(f.reader.lines.size() == 22);
}

TEST_CASE("status: lines that the log does not take in time are thrown away and counted") {
  Fixture f;
  f.report.ask();
  f.reader.room = 4;
  f.turn(5000);
  f.turn(5000 + kStatusPatienceMs - 1);
  f.reader.room = 1;
  f.turn(5000 + kStatusPatienceMs - 1);
  CHECK(f.reader.lines.size() == 5);
  CHECK(holds(f.reader.lines.back(), "object=service"));
  f.turn(5000 + kStatusPatienceMs);
  f.reader.room = 100;
  f.turn(5000 + 10 * kStatusPatienceMs);
  // The log queue had taken one more line before.
  CHECK(f.reader.lines.size() == 7);
  CHECK(f.reader.lines.back() == "status: object=end lines=10 omitted=4");
}

TEST_CASE("status: objects of an older generation keep their names") {
  Fixture f;
  master::Generation next;
  next.number = 4;
  next.heritage.config = std::make_shared<const conf::Config>();
  f.report.ask();
  f.report.turn({&f.generation, &next}, 5000);
  CHECK(holds(f.reader.lines[0], " generation=4 "));
  CHECK(holds(f.reader.lines[6], " name=twin "));
}
