#include <doctest/doctest.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <unistd.h>

#include "master/stream_sink.h"
#include "worker/unique_fd.h"

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
  // Everything that is in it.
  std::string receive() {
    std::string text;
    char buffer[4096];
    for (ssize_t size = 0; (size = ::read(reader.get(), buffer, sizeof buffer)) > 0;) {
      text.append(buffer, static_cast<std::size_t>(size));
    }
    return text;
  }
  worker::UniqueFd reader, writer;
};

}  // namespace

TEST_CASE("stream sink: lines go out together at the flush") {
  Pipe pipe;
  StreamSink sink(pipe.writer.get());
  CHECK(sink.write(6, 12, "one"));
  CHECK(sink.write(3, 13, "two\nthree"));
  CHECK(pipe.receive().empty());
  sink.flush();
  CHECK(pipe.receive() == "pound[12]: one\npound[13]: two three\n");
}

TEST_CASE("stream sink: what is much goes out before the flush, in order and whole") {
  Pipe pipe;
  StreamSink sink(pipe.writer.get());
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    CHECK(sink.write(6, 1, "line " + std::to_string(i)));
    expected += "pound[1]: line " + std::to_string(i) + "\n";
  }
  sink.flush();
  CHECK(pipe.receive() == expected);
}

TEST_CASE("stream sink: a line longer than a pipe's unit is whole") {
  Pipe pipe;
  StreamSink sink(pipe.writer.get());
  const std::string longest(16 * 1024, 'x');
  sink.write(6, 1, longest);
  sink.flush();
  CHECK(pipe.receive() == "pound[1]: " + longest + "\n");
}

TEST_CASE("stream sink: a pipe that nobody reads is never waited for, and no line is torn") {
  Pipe pipe;
  StreamSink sink(pipe.writer.get());
  const std::string line(3000, 'x');
  unsigned taken = 0;
  while (taken < 10'000 && sink.write(6, 1, line)) ++taken;
  REQUIRE(taken < 10'000);
  CHECK_FALSE(sink.write(6, 1, line));
  sink.flush();
  sink.lose(2);
  std::string received = pipe.receive();
  CHECK(sink.write(6, 1, "again"));
  sink.flush();
  received += pipe.receive();
  std::string expected;
  for (unsigned i = 0; i < taken; ++i) expected += "pound[1]: " + line + "\n";
  expected += "pound[" + std::to_string(::getpid()) + "]: 2 log records were lost\n";
  expected += "pound[1]: again\n";
  CHECK(received == expected);
}

TEST_CASE("stream sink: a reader that went away costs records, not the program") {
  ::signal(SIGPIPE, SIG_IGN);
  Pipe pipe;
  StreamSink sink(pipe.writer.get());
  pipe.reader.reset();
  CHECK(sink.write(6, 1, "one"));
  CHECK(sink.write(6, 1, "two"));
  sink.flush();
  CHECK(sink.lost() == 2);
}
