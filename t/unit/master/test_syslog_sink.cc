#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include <memory>

#include "master/clock.h"
#include "master/start_error.h"
#include "master/syslog_sink.h"
#include "t/unit/folder.h"

using master::kMostHeldLines;
using master::SyslogSink;

namespace {

// A syslog daemon that reads when the test calls receive().
class Daemon {
 public:
  explicit Daemon(const std::string& path)
      : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    ::unlink(path.c_str());
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    path.copy(name.sun_path, sizeof name.sun_path - 1);
    REQUIRE(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&name), sizeof name) == 0);
  }

  std::string receive() {
    char buffer[65536];
    const ssize_t size = ::recv(socket_.get(), buffer, sizeof buffer, 0);
    return size < 0 ? "nothing" : std::string(buffer, static_cast<std::size_t>(size));
  }

 private:
  worker::net::UniqueFd socket_;
};

// The text of a record, if its header is right; else what is wrong with it.
std::string text_of(const std::string& record, int priority, pid_t pid) {
  const std::string begin = "<" + std::to_string(priority) + ">";
  const std::string tag = " pound[" + std::to_string(pid) + "]: ";
  constexpr std::size_t kStamp = sizeof "Nov 21 06:40:00" - 1;
  if (record.compare(0, begin.size(), begin) != 0) return "not the priority: " + record;
  const std::string stamp = record.substr(begin.size(), kStamp);
  std::tm time{};
  const char* end = ::strptime(stamp.c_str(), "%b %d %H:%M:%S", &time);
  if (end == nullptr || *end != '\0') return "not the time: " + record;
  const std::size_t text = begin.size() + kStamp + tag.size();
  if (record.compare(text - tag.size(), tag.size(), tag) != 0) return "not the tag: " + record;
  return record.substr(text);
}

void flush(SyslogSink& sink) { sink.flush(master::now_ms()); }

// The next record. Flushes the sink if the daemon has none.
std::string next(Daemon& daemon, SyslogSink& sink) {
  const std::string got = daemon.receive();
  if (got != "nothing") return got;
  flush(sink);
  return daemon.receive();
}

// A sink whose daemon has got a record already.
struct Connected {
  Connected() {
    sink.write(LOG_INFO, 7, "one");
    flush(sink);
  }

  Folder folder;
  std::string path = folder.file("log");
  std::unique_ptr<Daemon> daemon = std::make_unique<Daemon>(path);
  SyslogSink sink{path, LOG_DAEMON};
};

// The sink tries to connect only every kReconnectMs.
void wait_for_next_attempt() {
  const std::uint64_t until = master::now_ms() + master::kReconnectMs;
  while (master::now_ms() < until) ::usleep(10'000);
}

}  // namespace

TEST_CASE("syslog sink: one datagram for each record, in the format of RFC 3164") {
  const Folder folder;
  Daemon daemon(folder.file("log"));
  SyslogSink sink(folder.file("log"), LOG_LOCAL3);
  CHECK(sink.write(LOG_INFO, 1234, "first"));
  CHECK(sink.write(LOG_ERR, 5, "second"));
  CHECK(daemon.receive() == "nothing");
  CHECK(sink.holds());
  flush(sink);
  CHECK_FALSE(sink.holds());
  CHECK(text_of(daemon.receive(), LOG_LOCAL3 | LOG_INFO, 1234) == "first");
  CHECK(text_of(daemon.receive(), LOG_LOCAL3 | LOG_ERR, 5) == "second");
  CHECK(daemon.receive() == "nothing");
}

TEST_CASE("syslog sink: control bytes are escaped; the longest record is whole") {
  const Folder folder;
  Daemon daemon(folder.file("log"));
  SyslogSink sink(folder.file("log"), LOG_DAEMON);
  sink.write(LOG_INFO, 7, std::string("a\nb\r\0c\x7f", 7));
  flush(sink);
  CHECK(text_of(daemon.receive(), LOG_DAEMON | LOG_INFO, 7) == R"(a b \x00c\x7f)");
  const std::string longest(16 * 1024, 'x');
  sink.write(LOG_INFO, 7, longest);
  flush(sink);
  CHECK(text_of(daemon.receive(), LOG_DAEMON | LOG_INFO, 7) == longest);
}

TEST_CASE("syslog sink: takes no records while there is no daemon, and again when there is one") {
  const Folder folder;
  SyslogSink sink(folder.file("log"), LOG_DAEMON);
  CHECK_FALSE(sink.write(LOG_INFO, 7, "one"));
  CHECK_FALSE(sink.write(LOG_INFO, 7, "two"));
  CHECK(sink.fd() == -1);
  sink.lose(2);
  Daemon daemon(folder.file("log"));
  wait_for_next_attempt();
  flush(sink);
  CHECK(sink.lost() == 0);
  CHECK(sink.write(LOG_INFO, 7, "three"));
  flush(sink);
  CHECK(text_of(daemon.receive(), LOG_DAEMON | LOG_WARNING, ::getpid()) ==
        "2 log records were lost");
  CHECK(text_of(daemon.receive(), LOG_DAEMON | LOG_INFO, 7) == "three");
}

TEST_CASE_FIXTURE(Connected, "syslog sink: reconnects to a restarted daemon and loses nothing") {
  wait_for_next_attempt();
  daemon = std::make_unique<Daemon>(path);
  CHECK(sink.write(LOG_INFO, 7, "two"));
  flush(sink);
  CHECK(sink.lost() == 0);
  CHECK(text_of(daemon->receive(), LOG_DAEMON | LOG_INFO, 7) == "two");
}

TEST_CASE_FIXTURE(Connected, "syslog sink: a dead daemon costs no time") {
  daemon.reset();
  sink.write(LOG_INFO, 7, "not refused yet");
  flush(sink);
  CHECK(sink.holds());
  for (int i = 0; i < 1000; ++i) CHECK_FALSE(sink.write(LOG_INFO, 7, "gone"));
  CHECK(sink.lost() == 0);  // the caller decides whether to keep or lose a record
}

TEST_CASE_FIXTURE(Connected,
                  "syslog sink: the next daemon gets the lines that the dead one did not") {
  wait_for_next_attempt();
  daemon.reset();
  for (const char* text : {"two", "three"}) CHECK(sink.write(LOG_INFO, 7, text));
  flush(sink);
  CHECK(sink.fd() == -1);
  daemon = std::make_unique<Daemon>(path);
  wait_for_next_attempt();
  flush(sink);
  CHECK_FALSE(sink.holds());
  CHECK(text_of(daemon->receive(), LOG_DAEMON | LOG_INFO, 7) == "two");
  CHECK(text_of(daemon->receive(), LOG_DAEMON | LOG_INFO, 7) == "three");
}

TEST_CASE("syslog sink: a record too long for the socket is counted as lost; the others are sent") {
  const Folder folder;
  Daemon daemon(folder.file("log"));
  SyslogSink sink(folder.file("log"), LOG_DAEMON);
  const std::string too_long(16 << 20, 'x');
  CHECK(sink.write(LOG_INFO, 7, "before"));
  CHECK(sink.write(LOG_INFO, 7, too_long));
  CHECK(sink.write(LOG_INFO, 7, "after"));
  for (int i = 0; i < 2; ++i) sink.flush(0);
  CHECK(sink.lost() == 1);
  CHECK(text_of(daemon.receive(), LOG_DAEMON | LOG_INFO, 7) == "before");
  CHECK(text_of(daemon.receive(), LOG_DAEMON | LOG_INFO, 7) == "after");
  CHECK(daemon.receive() == "nothing");
}

TEST_CASE("syslog sink: a daemon that does not read never blocks the sink") {
  const Folder folder;
  Daemon daemon(folder.file("log"));
  SyslogSink sink(folder.file("log"), LOG_DAEMON);
  unsigned taken = 0;
  while (taken < 1'000'000 && sink.write(LOG_INFO, 7, std::to_string(taken))) ++taken;
  REQUIRE(taken > kMostHeldLines);
  REQUIRE(taken < 1'000'000);
  CHECK(sink.lost() == 0);
  sink.lose();
  CHECK_FALSE(sink.write(LOG_INFO, 7, "line"));
  for (unsigned i = 0; i < taken; ++i) {
    CHECK(text_of(next(daemon, sink), LOG_DAEMON | LOG_INFO, 7) == std::to_string(i));
  }
  CHECK(text_of(daemon.receive(), LOG_DAEMON | LOG_WARNING, ::getpid()) == "1 log record was lost");
  CHECK(sink.write(LOG_INFO, 7, "again"));
  flush(sink);
  CHECK(text_of(daemon.receive(), LOG_DAEMON | LOG_INFO, 7) == "again");
}

TEST_CASE("syslog sink: hand_over passes its lines to the heir, in order") {
  const Folder folder;
  Daemon stuck(folder.file("stuck"));
  Daemon daemon(folder.file("log"));
  SyslogSink old(folder.file("stuck"), LOG_DAEMON);
  unsigned taken = 0;
  while (old.write(LOG_NOTICE, 7, std::to_string(taken))) ++taken;
  old.lose(3);
  SyslogSink heir(folder.file("log"), LOG_LOCAL0);
  old.hand_over(heir);
  CHECK_FALSE(old.holds());
  CHECK(old.lost() == 0);
  CHECK(heir.lost() == 3);
  for (unsigned i = taken - kMostHeldLines; i < taken; ++i) {
    CHECK(text_of(next(daemon, heir), LOG_LOCAL0 | LOG_NOTICE, 7) == std::to_string(i));
  }
}

TEST_CASE("syslog sink: the longest path, and one byte more") {
  constexpr std::size_t kLongest = sizeof(sockaddr_un::sun_path) - 1;
  CHECK_NOTHROW(SyslogSink("/" + std::string(kLongest - 1, 'x'), LOG_DAEMON));
  CHECK_THROWS_AS(SyslogSink("/" + std::string(kLongest, 'x'), LOG_DAEMON), master::StartError);
}
