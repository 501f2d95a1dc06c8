#include <doctest/doctest.h>
#include <syslog.h>
#include <unistd.h>

#include <vector>

#include "master/log_sink.h"

using master::LogSink;

namespace {

class FakeSink : public LogSink {
 public:
  using LogSink::Sent;
  Sent answer = Sent::yes;
  std::vector<std::string> lines;

 protected:
  Sent send(int priority, pid_t pid, std::string_view text, std::uint64_t) override {
    if (answer == Sent::yes) {
      lines.push_back(std::to_string(priority) + " " + std::to_string(pid) + " " +
                      std::string(text));
    }
    return answer;
  }
};

}  // namespace

TEST_CASE("log sink: a record is sent unchanged") {
  FakeSink sink;
  CHECK(sink.write(LOG_INFO, 9, "text"));
  CHECK(sink.lines == std::vector<std::string>{"6 9 text"});
  CHECK(sink.lost() == 0);
}

TEST_CASE("log sink: a record that cannot be sent is lost; the caller keeps one for later") {
  FakeSink sink;
  sink.answer = FakeSink::Sent::later;
  CHECK_FALSE(sink.write(LOG_INFO, 9, "one"));
  CHECK(sink.lost() == 0);
  sink.answer = FakeSink::Sent::no;
  CHECK(sink.write(LOG_INFO, 9, "two"));
  CHECK(sink.lost() == 1);
}

TEST_CASE("log sink: flush reports losses once, and not more than once in a second") {
  const std::string us = std::to_string(::getpid());
  const auto report = [&](const std::string& text) { return "4 " + us + " " + text; };
  FakeSink sink;
  sink.lose(3);
  sink.answer = FakeSink::Sent::no;
  sink.write(LOG_INFO, 9, "gone");
  sink.flush(5000);
  CHECK(sink.lost() == 4);
  sink.answer = FakeSink::Sent::yes;
  sink.write(LOG_INFO, 9, "one");
  sink.flush(5001);
  sink.flush(5002);
  CHECK(sink.lines == std::vector<std::string>{"6 9 one", report("4 log records were lost")});

  sink.lose();
  sink.flush(5001 + master::kTellLossesMs - 1);
  CHECK(sink.lines.size() == 2);
  sink.flush(5001 + master::kTellLossesMs);
  CHECK(sink.lines.back() == report("1 log record was lost"));
  sink.lose(2);
  sink.flush_all();
  CHECK(sink.lines.back() == report("2 log records were lost"));
  CHECK(sink.lines.size() == 4);
}

TEST_CASE("log sink: control bytes become spaces, all other bytes stay") {
  std::string every;
  for (int byte = 0; byte < 256; ++byte) every += static_cast<char>(byte);
  std::string line = "> ";
  master::append_line_text(line, every);
  std::string expected = every;
  for (int byte = 0; byte < 0x20; ++byte) expected[static_cast<std::size_t>(byte)] = ' ';
  expected[0x7f] = ' ';
  CHECK(line == "> " + expected);
}

TEST_CASE("log sink: a control byte is replaced at every position, for every length") {
  for (std::size_t size = 1; size <= 40; ++size) {
    for (std::size_t at = 0; at < size; ++at) {
      std::string text(size, 'a');
      text[at] = '\n';
      std::string expected(size, 'a');
      expected[at] = ' ';
      std::string line = "\n";
      master::append_line_text(line, text);
      REQUIRE(line == "\n" + expected);
    }
  }
}
