#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <functional>
#include <vector>

#include "master/journal.h"
#include "t/unit/master/temp_folder.h"
#include "worker/net/unique_fd.h"

using master::Journal;
using master::LogSink;
using worker::log::Severity;

namespace {

struct Heard {
  std::vector<std::string> lines;
  bool full = false;
};

class FakeSink : public LogSink {
 public:
  explicit FakeSink(Heard& heard) : heard_(heard) {}

 protected:
  Sent send(int priority, pid_t, std::string_view text, std::uint64_t) override {
    if (heard_.full) return Sent::later;
    heard_.lines.push_back(std::to_string(priority) + " " + std::string(text));
    return Sent::yes;
  }

 private:
  Heard& heard_;
};

// What `action` writes to standard error.
std::string stderr_of(const std::function<void()>& action) {
  const TempFolder folder;
  const worker::net::UniqueFd before(::dup(STDERR_FILENO));
  const worker::net::UniqueFd file(::open(folder.file("err").c_str(), O_WRONLY | O_CREAT, 0600));
  ::dup2(file.get(), STDERR_FILENO);
  action();
  ::dup2(before.get(), STDERR_FILENO);
  return content_of(folder.file("err"));
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("journal: while the program starts, errors are shown on standard error, too") {
  Heard heard;
  Journal journal(std::make_unique<FakeSink>(heard), 0);
  const std::string shown = stderr_of([&] {
    journal.say(Severity::notice, "hello");
    journal.say(Severity::warning, "careful");
    journal.say(Severity::error, "broken");
    journal.pass_on(3, 77, "a worker's reason");
    journal.pass_on(6, 77, "a worker's chatter");
    journal.started();
    journal.say(Severity::error, "later");
  });
  CHECK(shown == "pound: broken\npound: a worker's reason\n");
  CHECK(heard.lines == Lines{"5 hello", "4 careful", "3 broken", "3 a worker's reason",
                             "6 a worker's chatter", "3 later"});
}

TEST_CASE("journal: debug records are for -d") {
  Heard heard;
  Journal regular(std::make_unique<FakeSink>(heard), 0);
  regular.say(Severity::debug, "hidden");
  CHECK(heard.lines.empty());
  Journal detailed(std::make_unique<FakeSink>(heard), 1);
  detailed.say(Severity::debug, "shown");
  CHECK(heard.lines == Lines{"7 shown"});
}

TEST_CASE("journal: what a full sink refuses waits, in order") {
  Heard heard;
  Journal journal(std::make_unique<FakeSink>(heard), 0);
  CHECK(journal.is_clear());
  CHECK_FALSE(journal.is_behind());
  heard.full = true;
  journal.pass_on(6, 77, "record");
  journal.say(Severity::notice, "event");
  journal.flush();
  CHECK_FALSE(journal.is_clear());
  CHECK(journal.is_behind());
  heard.full = false;
  journal.pass_on(6, 77, "next");
  journal.flush();
  CHECK(journal.is_clear());
  CHECK_FALSE(journal.is_behind());
  CHECK(heard.lines == Lines{"6 record", "5 event", "6 next"});
}

TEST_CASE("journal: what waits has a bound, beyond which records are counted as lost") {
  Heard heard;
  Journal journal(std::make_unique<FakeSink>(heard), 0);
  heard.full = true;
  const std::string text(master::kMostWaiting / 4, 'x');
  for (int i = 0; i < 4; ++i) journal.pass_on(6, 77, text);
  for (int i = 0; i < 3; ++i) journal.say(Severity::notice, "y");
  heard.full = false;
  journal.flush();
  CHECK(heard.lines.size() == 5);
  CHECK(heard.lines.back() == "4 3 log records were lost");
  CHECK_FALSE(journal.is_behind());
}

TEST_CASE("journal: losses alone leave it behind, until they are told") {
  Heard heard;
  Journal journal(std::make_unique<FakeSink>(heard), 0);
  heard.full = true;
  journal.lose(2);
  journal.flush();
  CHECK(journal.is_clear());
  CHECK(journal.is_behind());
  heard.full = false;
  journal.finish();
  CHECK(heard.lines == Lines{"4 2 log records were lost"});
  CHECK_FALSE(journal.is_behind());
}

TEST_CASE("journal: another sink takes over what the old one has not told") {
  Heard first;
  Heard second;
  Journal journal(std::make_unique<FakeSink>(first), 0);
  first.full = true;
  journal.say(Severity::notice, "before");
  journal.lose(2);
  journal.use(std::make_unique<FakeSink>(second));
  journal.say(Severity::notice, "after");
  journal.flush();
  CHECK(first.lines.empty());
  CHECK(second.lines == Lines{"5 before", "5 after", "4 2 log records were lost"});
}
