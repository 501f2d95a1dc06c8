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

TEST_CASE("log sink: each byte that is not printable is escaped, ends of lines become spaces") {
  for (int byte = 0; byte < 256; ++byte) {
    std::string line = "> ";
    master::append_line_text(line, std::string(1, static_cast<char>(byte)));
    char code[8];
    std::snprintf(code, sizeof code, "\\x%02x", static_cast<unsigned>(byte));
    const bool is_space = byte == '\t' || byte == '\n' || byte == '\r';
    const bool is_plain = byte >= 0x20 && byte < 0x7f;
    const std::string shown = is_plain ? std::string(1, static_cast<char>(byte)) : code;
    CHECK(line == "> " + (is_space ? " " : shown));
  }
}

TEST_CASE("log sink: printable UTF-8 stays, and nothing else above ASCII") {
  const std::pair<const char*, const char*> cases[] = {
      {"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"},
      {"\xc2\x9b"
       "31m",
       "\\xc2\\x9b31m"},  // CSI as a character
      {"\x9b"
       "31m",
       "\\x9b31m"},  // CSI as a byte
      {"a\xe2\x80\xae"
       "b",
       "a\\xe2\\x80\\xaeb"},                                  // right-to-left override
      {"\xc0\xaf\xed\xa0\x80", "\\xc0\\xaf\\xed\\xa0\\x80"},  // overlong, surrogate
      {"cut \xe2\x82", "cut \\xe2\\x82"}};
  for (const auto& [text, expected] : cases) {
    std::string line;
    master::append_line_text(line, text);
    CHECK(line == expected);
  }
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
