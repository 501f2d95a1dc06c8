#include <doctest/doctest.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "master/stream_sink.h"
#include "t/unit/folder.h"
#include "worker/net/unique_fd.h"

using master::StreamSink;

namespace {

struct Pipe {
  Pipe() {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    reader.reset(ends[0]);
    writer.reset(ends[1]);
    ::fcntl(reader.get(), F_SETFL, O_NONBLOCK);
  }
  // All bytes that are in the pipe.
  std::string receive() {
    std::string text;
    char buffer[4096];
    for (ssize_t size = 0; (size = ::read(reader.get(), buffer, sizeof buffer)) > 0;) {
      text.append(buffer, static_cast<std::size_t>(size));
    }
    return text;
  }
  worker::net::UniqueFd reader, writer;
};

}  // namespace

TEST_CASE("stream sink: flush writes the gathered lines") {
  Pipe pipe;
  StreamSink sink(pipe.writer.get());
  CHECK(sink.write(6, 12, "one"));
  CHECK(sink.write(3, 13, "two\nthree"));
  CHECK(pipe.receive().empty());
  sink.flush_all();
  CHECK(pipe.receive() == "pound[12]: one\npound[13]: two three\n");
}

TEST_CASE("stream sink: many lines are written before the flush, whole and in order") {
  Pipe pipe;
  StreamSink sink(pipe.writer.get());
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    CHECK(sink.write(6, 1, "line " + std::to_string(i)));
    expected += "pound[1]: line " + std::to_string(i) + "\n";
  }
  sink.flush_all();
  CHECK(pipe.receive() == expected);
}

TEST_CASE("stream sink: a line longer than PIPE_BUF is whole") {
  Pipe pipe;
  StreamSink sink(pipe.writer.get());
  const std::string longest(16 * 1024, 'x');
  sink.write(6, 1, longest);
  sink.flush_all();
  CHECK(pipe.receive() == "pound[1]: " + longest + "\n");
}

TEST_CASE("stream sink: a full pipe neither blocks nor tears a line") {
  Pipe pipe;
  StreamSink sink(pipe.writer.get());
  const std::string line(3000, 'x');
  unsigned taken = 0;
  while (taken < 10'000 && sink.write(6, 1, line)) ++taken;
  REQUIRE(taken < 10'000);
  CHECK_FALSE(sink.write(6, 1, line));
  sink.flush_all();
  CHECK(sink.holds());
  CHECK(sink.fd() == pipe.writer.get());
  sink.lose(2);
  std::string received = pipe.receive();
  CHECK(sink.write(6, 1, "again"));
  sink.flush_all();
  received += pipe.receive();
  std::string expected;
  for (unsigned i = 0; i < taken; ++i) expected += "pound[1]: " + line + "\n";
  expected += "pound[1]: again\n";
  expected += "pound[" + std::to_string(::getpid()) + "]: 2 log records were lost\n";
  CHECK(received == expected);
}

TEST_CASE("stream sink: when the reader is gone, records are counted as lost") {
  Pipe pipe;
  StreamSink sink(pipe.writer.get());
  pipe.reader.reset();
  CHECK(sink.write(6, 1, "one"));
  CHECK(sink.write(6, 1, "two"));
  sink.flush_all();
  CHECK(sink.lost() == 2);
  CHECK_FALSE(sink.holds());
  CHECK(sink.fd() == -1);  // to poll it would return at once each time
  sink.write(6, 1, "three");
  sink.flush_all();  // the report on two losses is lost itself, and counts as these two
  CHECK(sink.lost() == 3);
}

TEST_CASE("stream sink: a pipe that another program fills does not block") {
  Pipe pipe;
  StreamSink sink(pipe.writer.get());
  CHECK((::fcntl(pipe.writer.get(), F_GETFL) & O_NONBLOCK) == 0);  // the shared mode stays
  CHECK(sink.write(6, 1, "one"));
  const worker::net::UniqueFd theirs(::open(
      ("/proc/self/fd/" + std::to_string(pipe.writer.get())).c_str(), O_WRONLY | O_NONBLOCK));
  while (::write(theirs.get(), "x", 1) == 1) {
  }
  sink.flush_all();
  CHECK(sink.holds());
  pipe.receive();
  sink.flush_all();
  CHECK(pipe.receive() == "pound[1]: one\n");
}

TEST_CASE("stream sink: a full stream socket does not block") {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  const worker::net::UniqueFd ours(ends[0]);
  const worker::net::UniqueFd theirs(ends[1]);
  StreamSink sink(ours.get());
  const std::string line(3000, 'x');
  std::size_t taken = 0;
  while (taken < 10'000 && sink.write(6, 1, line)) ++taken;
  REQUIRE(taken < 10'000);
  std::string received;
  char buffer[65536];
  while (sink.holds()) {
    const ssize_t size = ::recv(theirs.get(), buffer, sizeof buffer, MSG_DONTWAIT);
    if (size > 0) received.append(buffer, static_cast<std::size_t>(size));
    sink.flush_all();
  }
  for (ssize_t size = 0; (size = ::recv(theirs.get(), buffer, sizeof buffer, MSG_DONTWAIT)) > 0;) {
    received.append(buffer, static_cast<std::size_t>(size));
  }
  std::string expected;
  for (std::size_t i = 0; i < taken; ++i) expected += "pound[1]: " + line + "\n";
  CHECK(received == expected);
}

TEST_CASE("stream sink: after a full disk the losses are reported and the next line is whole") {
  const Folder folder;
  const worker::net::UniqueFd file(::open(folder.file("log").c_str(), O_WRONLY | O_CREAT, 0600));
  StreamSink sink(file.get());
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  rlimit small = before;
  small.rlim_cur = 20;  // in the middle of the second line
  ::setrlimit(RLIMIT_FSIZE, &small);
  for (const char* text : {"one", "two", "three"}) sink.write(6, 1, text);
  sink.flush_all();
  ::setrlimit(RLIMIT_FSIZE, &before);
  CHECK(sink.lost() == 2);
  sink.write(6, 1, "four");
  sink.flush_all();
  sink.flush_all();
  CHECK(sink.lost() == 0);
  CHECK(content_of(folder.file("log")) == "pound[1]: one\npound[\npound[1]: four\npound[" +
                                              std::to_string(::getpid()) +
                                              "]: 2 log records were lost\n");
}
