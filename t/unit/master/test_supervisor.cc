// The supervisor with real workers: start, deaths, reloads, and the three ways to stop.
#include <doctest/doctest.h>

#include <string>

#include "t/unit/master/supervisor_life.h"

namespace {

// How many lines of `log` hold `text`.
std::size_t count(const std::string& log, std::string_view text) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = log.find(text, at)) != log.npos; at += text.size()) ++found;
  return found;
}

}  // namespace

TEST_CASE("supervisor: starts all workers, reports that it is ready, and stops at TERM") {
  SupervisorLife life(3);
  CHECK(life.await("ready: ") == "5 ready: listening on 127.0.0.1:" + std::to_string(life.port));
  CHECK(count(life.log(), ") is ready\n") == 3);
  CHECK(connects(life.port));
  CHECK(life.await_outcome("result=ok\ngeneration=1\nstarted="));
  CHECK(life.outcome().ends_with("\nmessage=generation 1 active\n"));
  life.signal(SIGTERM);
  CHECK(life.await("stopping now") == "5 stopping now");
  CHECK(life.wait() == 0);
  CHECK(count(life.log(), ") has stopped\n") == 3);
  CHECK(count(life.log(), "5 stopped\n") == 1);
  CHECK(count(life.log(), "killed") == 0);
  CHECK_FALSE(connects(life.port));
  CHECK(life.outcome().empty());
}

TEST_CASE("supervisor: INT and QUIT let the workers drain, TERM then stops at once") {
  for (const int number : {SIGINT, SIGQUIT}) {
    SupervisorLife life(2, ", Grace: 7");
    REQUIRE_FALSE(life.await("ready: ").empty());
    life.signal(number);
    CHECK(life.await("stopping") == "5 stopping when all requests are answered, within 7 s");
    CHECK(life.wait() == 0);
    CHECK(count(life.log(), ") has drained\n") == 2);
    CHECK(count(life.log(), "5 stopped\n") == 1);
    CHECK(count(life.log(), "stopping now") == 0);
  }
  SupervisorLife life(1);
  const pid_t hung = life.await_ready(0);
  REQUIRE_FALSE(life.await("ready: ").empty());
  ::kill(hung, SIGSTOP);
  life.signal(SIGQUIT);
  REQUIRE_FALSE(life.await("stopping when").empty());
  life.signal(SIGQUIT);  // a second QUIT changes nothing
  life.signal(SIGTERM);
  CHECK(life.await("stopping") == "5 stopping now");
  // A stopped process does not act on TERM, so the supervisor kills it after kStopMs.
  CHECK_FALSE(life.await("worker 0 (pid " + std::to_string(hung) +
                         ") did not end after SIGTERM and is killed")
                  .empty());
  CHECK(life.wait() == 0);
}

TEST_CASE("supervisor: a worker that does not drain within Grace is stopped") {
  SupervisorLife life(1, ", Grace: 0");
  const pid_t hung = life.await_ready(0);
  REQUIRE_FALSE(life.await("ready: ").empty());
  ::kill(hung, SIGSTOP);
  life.signal(SIGQUIT);
  CHECK(life.await("in time") == "4 not all requests were answered in time: stopping now");
  CHECK(life.wait() == 0);
  // Two deadlines end in the same millisecond or the next; either may come first.
  CHECK(count(life.log(), " did not end after its Grace and is killed\n") +
            count(life.log(), " did not end after SIGTERM and is killed\n") >=
        1);
  CHECK(life.log().ends_with("5 stopped\n"));
}

TEST_CASE("supervisor: a worker that dies is logged and replaced, and the others stay") {
  SupervisorLife life(2);
  const pid_t first = life.await_ready(0);
  REQUIRE(first > 1);
  REQUIRE_FALSE(life.await("ready: ").empty());
  ::kill(first, SIGKILL);
  CHECK_FALSE(life.await("3 worker 0 (pid " + std::to_string(first) + ") was killed by").empty());
  const pid_t second = life.await_ready(0);
  CHECK(second > 1);
  CHECK(second != first);
  CHECK(connects(life.port));
  CHECK(count(life.log(), "ready: ") == 1);
  life.signal(SIGTERM);
  CHECK(life.wait() == 0);
  CHECK(count(life.log(), ") has stopped\n") == 2);
  CHECK(count(life.log(), "worker 1 (pid") == 2);  // it is ready, and it has stopped
}

TEST_CASE("supervisor: a reload replaces the workers and keeps the sockets") {
  SupervisorLife life(2);
  REQUIRE_FALSE(life.await("ready: ").empty());
  const std::uint16_t other = unused_port();
  CHECK_FALSE(connects(other));
  life.configure(1, "", SupervisorLife::listener(other));
  life.signal(SIGHUP);
  CHECK(life.await("active") ==
        "5 generation 2 active: 1 listener kept, 1 added, 0 removed, 1 worker");
  CHECK(connects(life.port));
  CHECK(connects(other));
  CHECK(life.await_outcome("result=ok\ngeneration=2\nstarted="));
  CHECK(life.outcome().ends_with(
      "\nmessage=generation 2 active: 1 listener kept, 1 added, 0 removed, 1 worker\n"));
  CHECK_FALSE(life.await(") has drained").empty());
  CHECK_FALSE(life.await(") has drained").empty());
  life.configure(1);
  life.signal(SIGHUP);
  CHECK(life.await("active") ==
        "5 generation 3 active: 1 listener kept, 0 added, 1 removed, 1 worker");
  CHECK_FALSE(life.await(") has drained").empty());
  CHECK_FALSE(connects(other));
  CHECK(connects(life.port));
  life.signal(SIGTERM);
  CHECK(life.wait() == 0);
  CHECK(count(life.log(), " is ready\n") == 4);
  CHECK(count(life.log(), "ready: ") == 1);
  CHECK(count(life.log(), "killed") == 0);
}

TEST_CASE("supervisor: a reload that fails changes nothing, and the next one may succeed") {
  SupervisorLife life(1);
  REQUIRE_FALSE(life.await("ready: ").empty());
  write_file(life.config(), "Global: {Wurkers: 1}\n");
  life.signal(SIGHUP);
  CHECK(life.await("reload failed") == "3 reload failed: generation 1 keeps serving");
  CHECK(life.log().find("3 " + life.config() + ":1:") != std::string::npos);
  CHECK(life.await_outcome("result=failed\ngeneration=1\nstarted="));
  CHECK(connects(life.port));
  life.configure(1);
  life.signal(SIGHUP);
  CHECK(life.await("active") ==
        "5 generation 2 active: 1 listener kept, 0 added, 0 removed, 1 worker");
  life.signal(SIGTERM);
  CHECK(life.wait() == 0);
}

TEST_CASE("supervisor: an old worker that hangs delays the outcome of a reload, and is killed") {
  SupervisorLife life(1, ", Grace: 0");
  const pid_t hung = life.await_ready(0);
  REQUIRE_FALSE(life.await("ready: ").empty());
  ::kill(hung, SIGSTOP);
  life.signal(SIGHUP);
  REQUIRE_FALSE(life.await("generation 2 active").empty());
  // The outcome is not published yet, so the next reload does not even read its file.
  write_file(life.config(), "Global: {Wurkers: 1}\n");
  life.signal(SIGHUP);
  CHECK(life.await("reload") == "6 reload waits: another reload is under way");
  CHECK(life.await("reload failed") == "3 reload failed: generation 2 keeps serving");
  CHECK(count(life.log(), "reload waits") == 1);
  CHECK(life.saw("4 worker 0 (pid " + std::to_string(hung) +
                 ") did not end after its Grace and is killed\n"));
  life.signal(SIGTERM);
  CHECK(life.wait() == 0);
}

TEST_CASE("supervisor: a reload is refused while the program stops") {
  SupervisorLife life(1);
  const pid_t hung = life.await_ready(0);
  REQUIRE_FALSE(life.await("ready: ").empty());
  ::kill(hung, SIGSTOP);
  life.signal(SIGQUIT);
  REQUIRE_FALSE(life.await("stopping when").empty());
  life.signal(SIGHUP);
  CHECK(life.await("reload") == "5 reload refused: pound is stopping");
  life.signal(SIGTERM);
  CHECK(life.wait() == 0);
  CHECK(count(life.log(), "generation 2") == 0);
}

TEST_CASE("supervisor: goes on while its only worker waits for its next start") {
  SupervisorLife life(1);
  pid_t worker = life.await_ready(0);
  REQUIRE_FALSE(life.await("ready: ").empty());
  // Each death of a young worker is followed by a new start, or at last by a delay.
  for (std::string line; line.find("next start in") == line.npos; line = life.await("worker 0 ")) {
    if (line.ends_with(") is ready")) worker = std::stoi(line.substr(line.find("(pid ") + 5));
    REQUIRE(::kill(worker, SIGKILL) == 0);
    REQUIRE_FALSE(life.await(") was killed by").empty());
  }
  CHECK(life.await_ready(0) > 1);
  life.signal(SIGTERM);
  CHECK(life.await("stopping now") == "5 stopping now");
  CHECK(life.wait() == 0);
  CHECK(life.log().ends_with("5 stopped\n"));
}

TEST_CASE("supervisor: an error in its loop ends no worker, and starts none twice") {
  SupervisorLife life(2, "", " was killed by ");
  pid_t worker = life.await_ready(0);
  REQUIRE_FALSE(life.await("ready: ").empty());
  REQUIRE(::kill(worker, SIGKILL) == 0);
  CHECK(life.await("interrupted") ==
        "3 the master's event loop was interrupted by an error and continues:");
  CHECK(life.await("bad_alloc") == "3 std::bad_alloc");
  // Up to a start that is delayed: what the repair had planned by mistake would start before it.
  for (std::string line; line.find("next start in") == line.npos; line = life.await("worker 0 ")) {
    if (!line.ends_with(") is ready")) continue;
    worker = std::stoi(line.substr(line.find("(pid ") + 5));
    REQUIRE(::kill(worker, SIGKILL) == 0);
  }
  CHECK(life.await_ready(0) > 1);
  life.signal(SIGTERM);
  CHECK(life.wait() == 0);
  CHECK(count(life.log(), "interrupted by an error") == 1);
  CHECK(count(life.log(), "worker 1 (pid") == 2);  // it is ready, and it has stopped
}
