#include <doctest/doctest.h>
#include <poll.h>
#include <unistd.h>

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "master/poller.h"
#include "worker/net/unique_fd.h"

using master::kNever;
using master::kNow;
using master::Poller;
using Calls = std::vector<std::string>;

namespace {

struct Pipe {
  Pipe() {
    int ends[2];
    REQUIRE(::pipe(ends) == 0);
    reader.reset(ends[0]);
    writer.reset(ends[1]);
  }
  void fill() const { CHECK(::write(writer.get(), "x", 1) == 1); }
  void empty() const {
    char byte = 0;
    CHECK(::read(reader.get(), &byte, 1) == 1);
  }
  Poller::Fd fd() const {
    return [this] { return reader.get(); };
  }
  worker::net::UniqueFd reader, writer;
};

// A poller with a clock that a test sets, and a list of the callbacks that have run.
struct Fixture {
  Poller::Callback note(const std::string& name) {
    return [this, name](std::uint64_t) { calls.push_back(name); };
  }
  Calls run() {
    poller.run_once();
    return std::exchange(calls, {});
  }

  std::uint64_t now = 1000;
  Calls calls;
  Poller poller{[this] { return now; }};
};

}  // namespace

TEST_CASE_FIXTURE(Fixture, "poller: a task runs when it is due, to the millisecond") {
  std::uint64_t due = 1001;
  const auto at_once = poller.add_task([] { return kNow; }, note("at once"));
  const auto later = poller.add_task([&] { return due; }, note("later"));
  const auto never = poller.add_task([] { return kNever; }, note("never"));
  CHECK(run() == Calls{"at once"});
  now = 1001;
  CHECK(run() == Calls{"at once", "later"});
  due = kNever;
  CHECK(run() == Calls{"at once"});
}

TEST_CASE_FIXTURE(Fixture, "poller: a callback gets the present time") {
  std::uint64_t seen = 0;
  const auto task = poller.add_task([] { return kNow; }, [&](std::uint64_t at) { seen = at; });
  now = 1234;
  run();
  CHECK(seen == 1234);
}

TEST_CASE_FIXTURE(Fixture, "poller: it sleeps until the earliest due time") {
  Poller real;  // by the clock of the machine
  const std::uint64_t start = master::now_ms();
  const auto late = real.add_task([&] { return start + 60'000; }, note("late"));
  const auto early = real.add_task([&] { return start + 20; }, note("early"));
  while (calls.empty()) real.run_once();
  CHECK(calls == Calls{"early"});
  CHECK(master::now_ms() >= start + 20);
}

TEST_CASE_FIXTURE(Fixture, "poller: a ready descriptor ends a sleep without a due time") {
  const Pipe ready, silent;
  const auto first = poller.watch(ready.fd(), POLLIN, note("ready"));
  const auto second = poller.watch(silent.fd(), POLLIN, note("silent"));
  ready.fill();
  CHECK(run() == Calls{"ready"});
  CHECK(run() == Calls{"ready"});  // it is still readable
  ready.empty();
  silent.fill();
  CHECK(run() == Calls{"silent"});
}

TEST_CASE_FIXTURE(Fixture, "poller: the descriptor of a watch may change, and be none") {
  const Pipe one, other;
  int fd = -1;
  const auto watch = poller.watch([&] { return fd; }, POLLIN, note("event"));
  const auto idle = poller.add_task([] { return kNow; }, note("pass"));
  one.fill();
  CHECK(run() == Calls{"pass"});
  fd = one.reader.get();
  CHECK(run() == Calls{"event", "pass"});
  fd = other.reader.get();
  CHECK(run() == Calls{"pass"});
}

TEST_CASE_FIXTURE(Fixture, "poller: events run before tasks, both in the order of their addition") {
  const Pipe a, b;
  const auto task_1 = poller.add_task([] { return kNow; }, note("task 1"));
  const auto watch_1 = poller.watch(a.fd(), POLLIN, note("watch 1"));
  const auto task_2 = poller.add_task([] { return kNow; }, note("task 2"));
  const auto watch_2 = poller.watch(b.fd(), POLLIN, note("watch 2"));
  b.fill();
  a.fill();
  CHECK(run() == Calls{"watch 1", "watch 2", "task 1", "task 2"});
}

TEST_CASE_FIXTURE(Fixture,
                  "poller: a task that an earlier callback made due runs in the same pass") {
  std::uint64_t due = kNever;
  const auto first = poller.add_task([] { return kNow; }, [&](std::uint64_t) { due = kNow; });
  const auto second = poller.add_task([&] { return due; }, note("second"));
  CHECK(run() == Calls{"second"});
}

TEST_CASE_FIXTURE(Fixture, "poller: a dropped source is never called again") {
  const Pipe pipe;
  auto watch = poller.watch(pipe.fd(), POLLIN, note("watch"));
  auto task = poller.add_task([] { return kNow; }, note("task"));
  const auto idle = poller.add_task([] { return kNow; }, note("pass"));
  pipe.fill();
  CHECK(run() == Calls{"watch", "task", "pass"});
  watch.reset();
  task.reset();
  CHECK(run() == Calls{"pass"});
}

TEST_CASE_FIXTURE(Fixture, "poller: a callback may drop its own source and others of this pass") {
  const Pipe a, b;
  const std::string long_name(100, 'x');  // on the heap: a freed callback would show
  Poller::Source own, other;
  own = poller.watch(a.fd(), POLLIN, [&, long_name](std::uint64_t) {
    own.reset();
    other.reset();
    calls.push_back(long_name);
  });
  other = poller.watch(b.fd(), POLLIN, note("other"));
  const auto idle = poller.add_task([] { return kNow; }, note("pass"));
  a.fill();
  b.fill();
  CHECK(run() == Calls{long_name, "pass"});
  CHECK(run() == Calls{"pass"});
}

TEST_CASE_FIXTURE(Fixture, "poller: a watch that a callback adds is polled from the next pass on") {
  const Pipe a, b;
  Poller::Source added;
  const auto first = poller.watch(a.fd(), POLLIN, [&](std::uint64_t) {
    if (!added) added = poller.watch(b.fd(), POLLIN, note("added"));
  });
  a.fill();
  b.fill();
  CHECK(run() == Calls{});
  CHECK(run() == Calls{"added"});
}

TEST_CASE_FIXTURE(Fixture, "poller: sources that an exception skipped run in the next pass") {
  const Pipe a, b;
  bool fails = true;
  const auto first = poller.watch(a.fd(), POLLIN, [&](std::uint64_t) {
    calls.push_back("first");
    if (fails) throw std::runtime_error("no memory");
  });
  const auto second = poller.watch(b.fd(), POLLIN, note("second"));
  const auto task = poller.add_task([] { return kNow; }, note("task"));
  a.fill();
  b.fill();
  CHECK_THROWS_WITH(run(), "no memory");
  fails = false;
  CHECK(run() == Calls{"first", "first", "second", "task"});
}

TEST_CASE_FIXTURE(Fixture, "poller: the end of file and a hang-up are events") {
  Pipe pipe;
  const auto watch = poller.watch(pipe.fd(), POLLIN, note("event"));
  pipe.writer.reset();
  CHECK(run() == Calls{"event"});
}
