#include <doctest/doctest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>

#include "master/process_table.h"

using master::Process;
using master::ProcessTable;
using master::WorkerId;

namespace {

Process process(pid_t pid, bool ready) {
  Process made;
  made.pid = pid;
  if (ready) made.state = Process::State::ready;
  return made;
}

}  // namespace

TEST_CASE("process table: workers are told apart by generation and slot") {
  ProcessTable table;
  table.add({1, 0}, process(100, true));
  table.add({2, 0}, process(200, false));
  CHECK(table.size() == 2);
  CHECK(table.find({1, 0})->pid == 100);
  CHECK(table.find({2, 0})->pid == 200);
  CHECK(table.find({2, 1}) == nullptr);
  CHECK_THROWS_AS(table.add({2, 0}, process(300, false)), std::logic_error);
  CHECK(table.find({2, 0})->pid == 200);
}

TEST_CASE("process table: remove finds a process by pid and returns its id") {
  ProcessTable table;
  table.add({1, 0}, process(100, true));
  table.add({1, 1}, process(101, true));
  CHECK_FALSE(table.remove(999).has_value());
  const auto removed = table.remove(101);
  REQUIRE(removed.has_value());
  CHECK(removed->first == WorkerId{1, 1});
  CHECK(removed->second.pid == 101);
  CHECK_FALSE(table.remove(101).has_value());
  CHECK(table.size() == 1);
  table.remove(100);
  CHECK(table.empty());
}

TEST_CASE("process table: counts the workers of a generation, and those that are ready") {
  ProcessTable table;
  table.add({1, 0}, process(100, true));
  table.add({1, 1}, process(101, false));
  table.add({2, 0}, process(102, true));
  CHECK(table.count_of(1) == 2);
  CHECK(table.count_ready(1) == 1);
  CHECK(table.count_of(2) == 1);
  CHECK(table.count_ready(2) == 1);
  CHECK(table.count_of(3) == 0);
}

TEST_CASE("process table: an order is one byte; a worker that is gone causes no signal") {
  int ends[2];
  REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  worker::net::UniqueFd theirs(ends[1]);
  Process one = process(100, true);
  one.control.reset(ends[0]);
  master::give_order(one, worker::Order::go);
  master::give_order(one, worker::Order::drain);
  char bytes[3] = "";
  CHECK(::read(theirs.get(), bytes, 2) == 2);
  CHECK(std::string(bytes) == "GD");
  theirs.reset();
  master::give_order(one, worker::Order::quit);  // no SIGPIPE
}

TEST_CASE("process table: the control socket is closed with its process") {
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  const worker::net::UniqueFd reader(ends[0]);
  ProcessTable table;
  Process writer = process(100, true);
  writer.control.reset(ends[1]);
  table.add({1, 0}, std::move(writer));
  table.remove(100);
  char byte = 0;
  CHECK(::read(reader.get(), &byte, 1) == 0);
}

TEST_CASE("process table: a worker's name in the log") {
  CHECK(master::name_of({3, 1}, process(123, true)) == "worker 1 (pid 123)");
}

TEST_CASE("process table: no signal to a group, to all, or to init") {
  CHECK_THROWS_AS(master::send_signal(1, SIGCONT), std::logic_error);
  CHECK_THROWS_AS(master::send_signal(0, SIGCONT), std::logic_error);
  CHECK_THROWS_AS(master::send_signal(-1, SIGCONT), std::logic_error);
  const pid_t child = ::fork();
  if (child == 0) {
    for (;;) ::pause();
  }
  master::send_signal(child, SIGKILL);
  int status = 0;
  CHECK(::waitpid(child, &status, 0) == child);
  CHECK(WTERMSIG(status) == SIGKILL);
}

TEST_CASE("process table: a process was ready in every state after that report") {
  using State = Process::State;
  Process one = process(100, false);
  for (const State state : {State::starting, State::given_up}) {
    one.state = state;
    CHECK_FALSE(one.was_ready());
  }
  for (const State state : {State::ready, State::accepting, State::done}) {
    one.state = state;
    CHECK(one.was_ready());
  }
}
