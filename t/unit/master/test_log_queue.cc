#include <doctest/doctest.h>
#include <fcntl.h>
#include <unistd.h>

#include <functional>
#include <vector>

#include "master/log_queue.h"
#include "t/unit/folder.h"
#include "worker/net/unique_fd.h"

using master::LogQueue;
using master::LogSink;
using worker::log::Severity;

namespace {

struct Reader {
  std::vector<std::string> lines;
  bool full = false;
};

class FakeSink : public LogSink {
 public:
  explicit FakeSink(Reader& reader) : reader_(reader) {}

 protected:
  Sent send(int priority, pid_t, std::string_view text, std::uint64_t) override {
    if (reader_.full) return Sent::later;
    reader_.lines.push_back(std::to_string(priority) + " " + std::string(text));
    return Sent::yes;
  }

 private:
  Reader& reader_;
};

// What `action` writes to standard error.
std::string stderr_of(const std::function<void()>& action) {
  const Folder folder;
  const worker::net::UniqueFd before(::dup(STDERR_FILENO));
  const worker::net::UniqueFd file(::open(folder.file("err").c_str(), O_WRONLY | O_CREAT, 0600));
  ::dup2(file.get(), STDERR_FILENO);
  action();
  ::dup2(before.get(), STDERR_FILENO);
  return content_of(folder.file("err"));
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("log queue: while the program starts, errors also go to standard error") {
  Reader reader;
  LogQueue log_queue(std::make_unique<FakeSink>(reader), 0);
  const std::string shown = stderr_of([&] {
    log_queue.log(Severity::notice, "hello");
    log_queue.log(Severity::warning, "careful");
    log_queue.log(Severity::error, "broken");
    log_queue.forward(3, 77, "a worker's reason");
    log_queue.forward(6, 77, "a worker's chatter");
    log_queue.end_startup();
    log_queue.log(Severity::error, "later");
  });
  CHECK(shown == "pound: broken\npound: a worker's reason\n");
  CHECK(reader.lines == Lines{"5 hello", "4 careful", "3 broken", "3 a worker's reason",
                              "6 a worker's chatter", "3 later"});
}

TEST_CASE("log queue: debug events are dropped without -d") {
  Reader reader;
  LogQueue regular(std::make_unique<FakeSink>(reader), 0);
  regular.log(Severity::debug, "hidden");
  CHECK(reader.lines.empty());
  LogQueue detailed(std::make_unique<FakeSink>(reader), 1);
  detailed.log(Severity::debug, "shown");
  CHECK(reader.lines == Lines{"7 shown"});
}

TEST_CASE("log queue: records that a full sink refuses wait, in order") {
  Reader reader;
  LogQueue log_queue(std::make_unique<FakeSink>(reader), 0);
  CHECK(log_queue.is_clear());
  CHECK_FALSE(log_queue.is_behind());
  reader.full = true;
  log_queue.forward(6, 77, "record");
  log_queue.log(Severity::notice, "event");
  log_queue.flush();
  CHECK_FALSE(log_queue.is_clear());
  CHECK(log_queue.is_behind());
  reader.full = false;
  log_queue.forward(6, 77, "next");
  log_queue.flush();
  CHECK(log_queue.is_clear());
  CHECK_FALSE(log_queue.is_behind());
  CHECK(reader.lines == Lines{"6 record", "5 event", "6 next"});
}

TEST_CASE("log queue: beyond the bound of waiting bytes, records are counted as lost") {
  Reader reader;
  LogQueue log_queue(std::make_unique<FakeSink>(reader), 0);
  reader.full = true;
  const std::string text(master::kMostWaiting / 4, 'x');
  for (int i = 0; i < 4; ++i) log_queue.forward(6, 77, text);
  for (int i = 0; i < 3; ++i) log_queue.log(Severity::notice, "y");
  reader.full = false;
  log_queue.flush();
  CHECK(reader.lines.size() == 3 + 3 + 1);  // with its entry, the fourth text is too much
  CHECK(reader.lines.back() == "4 1 log record was lost");
  CHECK_FALSE(log_queue.is_behind());
}

TEST_CASE("log queue: it is behind until losses are reported, even if no line waits") {
  Reader reader;
  LogQueue log_queue(std::make_unique<FakeSink>(reader), 0);
  reader.full = true;
  log_queue.lose(2);
  log_queue.flush();
  CHECK(log_queue.is_clear());
  CHECK(log_queue.is_behind());
  reader.full = false;
  log_queue.finish();
  CHECK(reader.lines == Lines{"4 2 log records were lost"});
  CHECK_FALSE(log_queue.is_behind());
}

TEST_CASE("log queue: a new sink takes over the lines and losses of the old one") {
  Reader first;
  Reader second;
  LogQueue log_queue(std::make_unique<FakeSink>(first), 0);
  first.full = true;
  log_queue.log(Severity::notice, "before");
  log_queue.lose(2);
  log_queue.replace_sink(std::make_unique<FakeSink>(second));
  log_queue.log(Severity::notice, "after");
  log_queue.flush();
  CHECK(first.lines.empty());
  CHECK(second.lines == Lines{"5 before", "5 after", "4 2 log records were lost"});
}

TEST_CASE("log queue: it has something to flush after a record, and not after the flush") {
  Reader reader;
  LogQueue log_queue(std::make_unique<FakeSink>(reader), 0);
  CHECK_FALSE(log_queue.has_unflushed());
  log_queue.log(Severity::debug, "dropped");
  CHECK_FALSE(log_queue.has_unflushed());
  log_queue.log(Severity::notice, "event");
  CHECK(log_queue.has_unflushed());
  reader.full = true;
  log_queue.flush();
  CHECK_FALSE(log_queue.has_unflushed());
  log_queue.forward(6, 77, "record");
  CHECK(log_queue.has_unflushed());
}

TEST_CASE("log queue: empty records take memory, too, and so have a bound") {
  Reader reader;
  LogQueue log_queue(std::make_unique<FakeSink>(reader), 0);
  reader.full = true;
  for (int i = 0; i < 100'000; ++i) log_queue.forward(6, 77, "");
  reader.full = false;
  log_queue.flush();
  const std::size_t kept = reader.lines.size() - 1;
  CHECK(kept < master::kMostWaiting / 64);
  CHECK(kept > 10'000);
  CHECK(reader.lines.back() == "4 " + std::to_string(100'000 - kept) + " log records were lost");
}
