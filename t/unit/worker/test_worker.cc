// The life of a worker: what it reports, which orders it obeys, and how it ends.
#include "worker/worker.h"

#include "t/unit/worker/worker_process.h"

using namespace worker_test;

namespace {

// Whether some line ends with `end`.
bool has_line(const std::vector<std::string>& lines, std::string_view end) {
  for (const std::string& line : lines) {
    if (line.ends_with(end)) return true;
  }
  return false;
}

void check_answer(WorkerProcess& worker, const Listening& listener, const std::string& path,
                  std::size_t backend) {
  CAPTURE(path);
  const UniqueFd client = worker.asks(listener, path);
  REQUIRE(worker.until_asked(backend));
  worker.backends[backend].sends(kOk);
  CHECK(worker.receives(client, kOk.size()) == kOk);
}

}  // namespace

TEST_CASE("worker: it serves all listeners and backends once the master says go") {
  WorkerProcess worker;
  CHECK(worker.report() == 'R');
  worker.orders('G');
  check_answer(worker, worker.listeners[0], "/a", 0);
  check_answer(worker, worker.listeners[0], "/b", 1);
  check_answer(worker, worker.listeners[1], "/c", 2);
  CHECK(worker.until([&] { return worker.info().requests == 3; }));
  worker.orders('Q');
  CHECK(worker.report() == 'N');
  CHECK(worker.exit_status() == 0);
}

TEST_CASE("worker: no client is accepted before the master says go") {
  WorkerProcess worker;
  CHECK(worker.report() == 'R');
  const UniqueFd client = worker.asks(worker.listeners[0], "/a");
  worker.invites(0);
  CHECK(worker.info().heartbeat_ms != 0);
  CHECK(worker.until_it_has_turned());
  CHECK(worker.info().clients == 0);
  worker.orders('G');
  CHECK(worker.until_asked(0));
  CHECK(worker.info().clients == 1);
}

TEST_CASE("worker: it accepts another worker's clients when that worker invites it") {
  WorkerProcess worker;
  CHECK(worker.report() == 'R');
  worker.orders('G');
  check_answer(worker, worker.listeners[0], "/a", 0);
  const UniqueFd client = worker.asks(worker.others, "/c");
  CHECK(worker.until_it_has_turned());
  CHECK(worker.info().requests == 1);
  worker.invites(1);
  CHECK(worker.until_asked(2));
}

TEST_CASE("worker: a worker that drains ends when its last request has ended") {
  WorkerProcess worker;
  CHECK(worker.report() == 'R');
  worker.orders('G');
  const UniqueFd client = worker.asks(worker.listeners[0], "/a");
  REQUIRE(worker.until_asked(0));
  worker.orders('D');
  CHECK(worker.report() == 'N');
  worker.backends[0].sends(kOk);
  CHECK(worker.receives(client) ==
        "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
        "Content-Length: 2\r\nConnection: close\r\n\r\nok");
  CHECK(worker.exit_status() == 0);
}

TEST_CASE("worker: it reports once that no client comes to it any more") {
  WorkerProcess worker;
  CHECK(worker.report() == 'R');
  worker.orders('G');
  const UniqueFd client = worker.asks(worker.listeners[0], "/a");
  REQUIRE(worker.until_asked(0));
  worker.orders('D');
  CHECK(worker.report() == 'N');
  worker.orders('Q');
  worker.backends[0].sends(kOk);
  CHECK(worker.exit_status() == 0);
  CHECK(worker.report() == '-');
}

TEST_CASE("worker: Grace ends a request that takes longer") {
  WorkerProcess worker;
  CHECK(worker.report() == 'R');
  worker.orders('G');
  const UniqueFd client = worker.asks(worker.listeners[0], "/a");
  REQUIRE(worker.until_asked(0));
  worker.orders('D');
  CHECK(worker.exit_status() == 0);
  const std::vector<std::string> lines = worker.lines();
  CHECK(has_line(lines, " reason=grace_over"));
  CHECK(has_line(lines, "1 clients were cut off: Grace is over"));
}

TEST_CASE("worker: SIGTERM ends it at once, and each request leaves its record") {
  WorkerProcess worker;
  CHECK(worker.report() == 'R');
  worker.orders('G');
  const UniqueFd client = worker.asks(worker.listeners[1], "/c");
  REQUIRE(worker.until_asked(2));
  worker.signals(SIGTERM);
  CHECK(worker.exit_status() == 0);
  CHECK(has_line(worker.lines(), " reason=stopped"));
}

TEST_CASE("worker: it ends when its master has ended") {
  WorkerProcess worker;
  CHECK(worker.report() == 'R');
  worker.orders('G');
  check_answer(worker, worker.listeners[0], "/a", 0);
  worker.control.reset();
  CHECK(worker.exit_status() == 0);
}
