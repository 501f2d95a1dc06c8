#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "shm/segment.h"
#include "t/unit/net/await.h"
#include "worker/net/wake.h"
#include "worker/route/wait_queue.h"

namespace {

using worker::net::EventLoop;

// Most cases are about one client.
constexpr worker::route::ClientHash kClient = 7;

// Two workers in one process share a gate. Each has its own loop, row and queue.
struct World {
  World() {
    for (shm::Slot slot = 0; slot < 2; ++slot) {
      pairs.push_back(worker::net::make_wake_pair().value());
      wake_fds.push_back(pairs.back().waker.get());
      rows.push_back(segment.workers().take(slot, 1).value());
    }
    backend = segment.backends().enroll(1, 1, 0).value();
  }
  shm::Gate gate() { return segment.backends().gate(backend); }

  shm::Segment segment;
  std::vector<worker::net::WakePair> pairs;
  std::vector<int> wake_fds;
  std::vector<shm::Row> rows;
  std::uint32_t backend = 0;
};

struct Worker {
  Worker(World& world, std::size_t i)
      : queues(loop, world.segment.workers(), world.segment.client_shares(), world.rows[i],
               world.wake_fds, world.pairs[i].sleeper.get()),
        queue(queues, world.gate(), 1) {}
  void run_until(const std::function<bool()>& done) {
    condition = &done;
    worker::net::Timer timer(
        loop,
        [](void* self) {
          auto* const me = static_cast<Worker*>(self);
          if ((*me->condition)()) me->loop.stop();
        },
        this);
    timer.start(1);
    loop.run();
  }
  EventLoop loop;
  worker::route::WaitQueues queues;
  worker::route::WaitQueue queue;
  const std::function<bool()>* condition = nullptr;
};

struct Request {
  explicit Request(std::string& log_, char name_) : log(log_), name(name_) {}
  std::string& log;
  char name;
  int waited_long = 0;
  worker::route::Waiter waiter{[](void* self) {
                                 auto* const me = static_cast<Request*>(self);
                                 me->log += me->name;
                               },
                               [](void* self) { ++static_cast<Request*>(self)->waited_long; },
                               this};
};

}  // namespace

TEST_CASE("wait_queue: waiters get slots in the order of their arrival") {
  World world;
  Worker one(world, 0);
  std::string log;
  Request a(log, 'a'), b(log, 'b'), c(log, 'c');
  CHECK(one.queue.enter(a.waiter, kClient));
  CHECK(!one.queue.enter(b.waiter, kClient));
  CHECK(!one.queue.enter(c.waiter, kClient));
  CHECK(!one.queue.try_enter(kClient));
  CHECK(world.gate().waiting(2) == 2);
  one.queue.leave(kClient);
  one.run_until([&] { return log == "b"; });
  CHECK(world.gate().in_service(2) == 1);
  CHECK(c.waiter.waiting());
  one.queue.cancel(c.waiter);
  one.queue.leave(kClient);
  CHECK(world.gate().in_service(2) == 0);
  CHECK(world.gate().waiting(2) == 0);
}

TEST_CASE("wait_queue: a slot freed by one worker goes to an earlier waiter of another worker") {
  World world;
  Worker one(world, 0);
  auto two = std::make_unique<Worker>(world, 1);
  std::string log;
  Request a(log, 'a'), b(log, 'b'), c(log, 'c');
  CHECK(one.queue.enter(a.waiter, kClient));
  CHECK(!two->queue.enter(b.waiter, kClient));
  CHECK(!one.queue.enter(c.waiter, kClient));
  one.queue.leave(kClient);
  // b arrived first, so c may not overtake it.
  CHECK(!one.queue.try_enter(kClient));
  two->run_until([&] { return log == "b"; });
  two->queue.leave(kClient);
  one.run_until([&] { return log == "bc"; });
  one.queue.leave(kClient);
}

TEST_CASE("wait_queue: a waiter takes a free slot when the worker whose turn it is does not run") {
  World world;
  Worker one(world, 0);
  auto stuck = std::make_unique<Worker>(world, 1);
  std::string log;
  Request a(log, 'a'), b(log, 'b'), c(log, 'c');
  CHECK(one.queue.enter(a.waiter, kClient));
  CHECK(!stuck->queue.enter(b.waiter, kClient));
  CHECK(!one.queue.enter(c.waiter, kClient));
  one.queue.leave(kClient);  // notifies the stuck worker, which never runs its loop
  one.run_until([&] { return log == "c"; });
  CHECK(world.gate().in_service(2) == 1);
  one.queue.leave(kClient);
  stuck->queue.cancel(b.waiter);
}

TEST_CASE("wait_queue: a waiter is told when it has waited long") {
  World world;
  Worker one(world, 0);
  std::string log;
  Request a(log, 'a'), b(log, 'b');
  CHECK(one.queue.enter(a.waiter, kClient));
  CHECK(!one.queue.enter(b.waiter, kClient));
  one.run_until([&] { return b.waited_long > 0; });
  CHECK(log.empty());
  one.queue.cancel(b.waiter);
  one.queue.leave(kClient);
}

TEST_CASE("wait_queue: the destruction of a waiter removes it from the queue") {
  World world;
  Worker one(world, 0);
  std::string log;
  Request a(log, 'a');
  CHECK(one.queue.enter(a.waiter, kClient));
  {
    Request gone(log, 'g');
    CHECK(!one.queue.enter(gone.waiter, kClient));
    CHECK(world.gate().waiting(2) == 1);
  }
  CHECK(world.gate().waiting(2) == 0);
  one.queue.leave(kClient);
}

TEST_CASE("wait_queue: without a limit no request waits") {
  World world;
  world.gate().set_limit(0);
  Worker one(world, 0);
  std::string log;
  std::vector<std::unique_ptr<Request>> requests;
  for (int i = 0; i < 100; ++i) {
    requests.push_back(std::make_unique<Request>(log, 'x'));
    CHECK(one.queue.enter(requests.back()->waiter, kClient));
  }
  CHECK(world.gate().in_service(2) == 100);
  for (int i = 0; i < 100; ++i) one.queue.leave(kClient);
  CHECK(world.gate().in_service(2) == 0);
}

namespace {

// Turns the loop until the worker has been woken once.
void run_until_woken(Worker& worker) {
  worker.queues.after_wake([](void* loop) { static_cast<EventLoop*>(loop)->stop(); }, &worker.loop);
  worker.loop.run();
}

// How often the row was woken since the last call.
int wakes(const World& world, std::size_t i) {
  return worker::net::clear_wakes(world.pairs[i].sleeper.get());
}

}  // namespace

TEST_CASE("wait_queue: a wake-up admits every waiter that has a free slot, before the next tick") {
  World world;
  world.gate().set_limit(3);
  Worker one(world, 0);
  std::string log;
  Request a(log, 'a'), b(log, 'b'), c(log, 'c');
  for (int i = 0; i < 3; ++i) REQUIRE(one.queue.try_enter(kClient));
  for (Request* request : {&a, &b, &c}) CHECK(!one.queue.enter(request->waiter, kClient));
  one.queue.leave(kClient);
  one.queue.leave(kClient);
  CHECK(log.empty());  // leave itself admits no waiter
  run_until_woken(one);
  CHECK(log == "ab");
  CHECK(!a.waiter.waiting());
  CHECK(c.waiter.waiting());
  CHECK(world.gate().in_service(2) == 3);
  CHECK(world.gate().waiting(2) == 1);
  one.queue.cancel(c.waiter);
}

TEST_CASE("wait_queue: a freed slot wakes the row whose turn it is, and no other") {
  World world;
  Worker one(world, 0);
  Worker two(world, 1);
  std::string log;
  Request a(log, 'a'), b(log, 'b');
  CHECK(one.queue.try_enter(kClient));
  CHECK(!two.queue.enter(a.waiter, kClient));
  CHECK(!one.queue.enter(b.waiter, kClient));
  CHECK(wakes(world, 0) == 0);
  CHECK(wakes(world, 1) == 0);
  one.queue.leave(kClient);
  CHECK(wakes(world, 0) == 0);
  CHECK(wakes(world, 1) == 1);
  two.queue.cancel(a.waiter);  // the turn passes on
  CHECK(wakes(world, 0) == 1);
  CHECK(wakes(world, 1) == 0);
  one.queue.cancel(b.waiter);
}

TEST_CASE("wait_queue: the waiter that goes ahead out of turn has left the queue") {
  World world;
  Worker one(world, 0);
  Worker stuck(world, 1);
  std::string log;
  Request a(log, 'a'), b(log, 'b');
  CHECK(one.queue.try_enter(kClient));
  CHECK(!stuck.queue.enter(a.waiter, kClient));
  CHECK(!one.queue.enter(b.waiter, kClient));
  one.queue.leave(kClient);
  one.run_until([&] { return log == "b"; });
  CHECK(!b.waiter.waiting());
  CHECK(one.queue.empty());
  CHECK(world.gate().waiting(2) == 1);
  stuck.queue.cancel(a.waiter);
  one.queue.leave(kClient);
}

TEST_CASE("wait_queue: the middle one of three leaves, the order of the others stays") {
  World world;
  Worker one(world, 0);
  std::string log;
  Request a(log, 'a'), b(log, 'b'), c(log, 'c');
  CHECK(one.queue.try_enter(kClient));
  for (Request* request : {&a, &b, &c}) CHECK(!one.queue.enter(request->waiter, kClient));
  one.queue.cancel(b.waiter);
  CHECK(world.gate().waiting(2) == 2);
  one.queue.leave(kClient);
  one.run_until([&] { return log == "a"; });
  one.queue.leave(kClient);
  one.run_until([&] { return log == "ac"; });
  one.queue.leave(kClient);
}

// --- no client has more than half of the slots while others wait

namespace {

// Turns the loop until two ticks are over, so that every rule of a tick was applied.
void let_two_ticks_pass(Worker& worker) {
  const std::uint64_t begun = EventLoop::now_ms();
  worker.run_until([&] { return EventLoop::now_ms() > begun + 2 * worker::route::kWaitTickMs; });
}

constexpr worker::route::ClientHash kOther = 8;

}  // namespace

TEST_CASE("wait_queue: a client with half of the slots lets others pass") {
  World world;
  world.gate().set_limit(4);
  Worker one(world, 0);
  std::string log;
  Request a(log, 'a'), b(log, 'b'), c(log, 'c'), x(log, 'x'), y(log, 'y');
  for (int i = 0; i < 4; ++i) REQUIRE(one.queue.try_enter(kClient));  // nobody waits: all four
  for (Request* request : {&a, &b, &c}) CHECK(!one.queue.enter(request->waiter, kClient));
  CHECK(!one.queue.enter(x.waiter, kOther));
  CHECK(!one.queue.enter(y.waiter, kOther));
  one.queue.leave(kClient);
  one.run_until([&] { return log == "x"; });
  one.queue.leave(kClient);
  one.run_until([&] { return log == "xy"; });
  // Half of the slots are left to the client, and no other waits.
  one.queue.leave(kClient);
  one.run_until([&] { return log == "xya"; });
  one.queue.leave(kOther);
  one.run_until([&] { return log == "xyab"; });
  CHECK(world.gate().waiting(2) == 1);
  one.queue.cancel(c.waiter);
}

TEST_CASE("wait_queue: one slot less than half is no reason to let others pass") {
  World world;
  world.gate().set_limit(4);
  Worker one(world, 0);
  std::string log;
  Request a(log, 'a'), b(log, 'b'), x(log, 'x');
  REQUIRE(one.queue.try_enter(kClient));
  for (int i = 0; i < 3; ++i) REQUIRE(one.queue.try_enter(9));
  CHECK(!one.queue.enter(a.waiter, kClient));  // the second of the client: half
  CHECK(!one.queue.enter(b.waiter, kClient));
  CHECK(!one.queue.enter(x.waiter, kOther));
  for (int i = 0; i < 3; ++i) one.queue.leave(9);
  one.run_until([&] { return log.size() == 3; });
  CHECK(log == "axb");
}

TEST_CASE("wait_queue: the slots that a client holds at other workers count") {
  World world;
  world.gate().set_limit(2);
  Worker one(world, 0);
  Worker two(world, 1);
  std::string log;
  Request a(log, 'a'), x(log, 'x');
  REQUIRE(two.queue.try_enter(kClient));
  REQUIRE(two.queue.try_enter(kClient));
  CHECK(!one.queue.enter(a.waiter, kClient));
  CHECK(!one.queue.enter(x.waiter, kOther));
  two.queue.leave(kClient);
  one.run_until([&] { return log == "x"; });
  // A killed worker holds nothing.
  world.segment.release_row(world.rows[1]);
  one.run_until([&] { return log == "xa"; });
}

TEST_CASE("wait_queue: who has less than half again takes its place by arrival") {
  World world;
  world.gate().set_limit(2);
  Worker one(world, 0);
  std::string log;
  Request a(log, 'a'), x(log, 'x'), y(log, 'y');
  REQUIRE(one.queue.try_enter(kClient));
  REQUIRE(one.queue.try_enter(9));
  CHECK(!one.queue.enter(a.waiter, kClient));
  CHECK(!one.queue.enter(x.waiter, kOther));
  CHECK(!one.queue.enter(y.waiter, 10));
  one.queue.leave(kClient);
  one.run_until([&] { return log == "x"; });
  let_two_ticks_pass(one);  // a came before y
  one.queue.leave(9);
  one.run_until([&] { return log == "xa"; });
  one.queue.cancel(y.waiter);
}

TEST_CASE("wait_queue: a client that gives up waiting is not counted any more") {
  World world;
  world.gate().set_limit(2);
  Worker one(world, 0);
  std::string log;
  Request a(log, 'a'), b(log, 'b'), c(log, 'c'), x(log, 'x');
  for (int i = 0; i < 2; ++i) REQUIRE(one.queue.try_enter(9));
  CHECK(!one.queue.enter(a.waiter, kClient));
  CHECK(!one.queue.enter(b.waiter, kClient));  // the client has half: a
  one.queue.cancel(a.waiter);
  one.queue.cancel(b.waiter);
  CHECK(!one.queue.enter(c.waiter, kClient));
  CHECK(!one.queue.enter(x.waiter, kOther));
  one.queue.leave(9);
  one.run_until([&] { return log == "c"; });
  one.queue.cancel(x.waiter);
}

TEST_CASE("wait_queue: a queue that was empty serves its next waiters as it did the first") {
  World world;
  Worker one(world, 0);
  std::string log;
  Request a(log, 'a'), b(log, 'b'), c(log, 'c');
  CHECK(one.queue.enter(a.waiter, kClient));
  CHECK(!one.queue.enter(b.waiter, kClient));
  one.queue.leave(kClient);
  one.run_until([&] { return log == "b"; });
  net_test::turn(one.loop);
  CHECK(!one.queue.enter(c.waiter, kClient));
  CHECK(net_test::await(one.loop, [&] { return c.waited_long > 0; }));
  one.queue.leave(kClient);
  CHECK(net_test::await(one.loop, [&] { return log == "bc"; }));
  one.queue.leave(kClient);
}

TEST_CASE("wait_queue: after a wake-up the worker is called once and sleeps again") {
  World world;
  Worker one(world, 0);
  int calls = 0;
  one.queues.after_wake([](void* count) { ++*static_cast<int*>(count); }, &calls);
  REQUIRE(worker::net::wake(world.wake_fds[0]));
  REQUIRE(worker::net::wake(world.wake_fds[0]));
  CHECK(net_test::await(one.loop, [&] { return calls != 0; }));
  net_test::turn(one.loop);
  CHECK(calls == 1);
  REQUIRE(worker::net::wake(world.wake_fds[0]));
  CHECK(net_test::await(one.loop, [&] { return calls == 2; }));
}

// --- known requests and strangers

namespace {

constexpr shm::Rank kKnown = shm::Rank::known;
constexpr shm::Rank kStranger = shm::Rank::stranger;

// Requests that wait, each of a client of its own: a known one for each capital letter, a stranger
// for each other.
struct Line {
  Line(World& world, Worker& worker, const std::string& names) {
    world.gate().set_limit(1);
    for (const char name : names) {
      requests.push_back(std::make_unique<Request>(log, name));
      const shm::Rank rank = name < 'a' ? kKnown : kStranger;
      REQUIRE(!worker.queue.enter(requests.back()->waiter, client_of(name), rank));
    }
  }
  static worker::route::ClientHash client_of(char name) {
    return 100 + static_cast<worker::route::ClientHash>(name);
  }
  // Each request ends as soon as it is served.
  void serve_all(Worker& worker) {
    worker.queue.leave(kClient);
    while (log.size() < requests.size()) {
      const std::size_t seen = log.size();
      worker.run_until([&] { return log.size() > seen; });
      worker.queue.leave(client_of(log.back()));
    }
  }
  std::string log;
  std::vector<std::unique_ptr<Request>> requests;
};

}  // namespace

TEST_CASE("wait_queue: four known requests, then a stranger") {
  World world;
  Worker one(world, 0);
  REQUIRE(one.queue.try_enter(kClient));
  Line line(world, one, "abABCDEFGHIc");
  CHECK(one.queue.waiting() == 12);
  CHECK(one.queue.waiting(kKnown) == 9);
  CHECK(one.queue.waiting(kStranger) == 3);
  line.serve_all(one);
  CHECK(line.log == "ABCDaEFGHbIc");
  CHECK(one.queue.empty());
  CHECK(world.gate().waiting(2) == 0);
  CHECK(world.gate().in_service(2) == 0);
}

TEST_CASE("wait_queue: one kind alone is served by arrival") {
  for (const char* names : {"abcdefg", "ABCDEFG"}) {
    World world;
    Worker one(world, 0);
    REQUIRE(one.queue.try_enter(kClient));
    Line line(world, one, names);
    line.serve_all(one);
    CHECK(line.log == names);
  }
}

TEST_CASE("wait_queue: a stranger lets a later known request of another worker pass") {
  World world;
  Worker one(world, 0);
  Worker two(world, 1);
  std::string log;
  Request a(log, 'a'), b(log, 'B');
  REQUIRE(one.queue.try_enter(kClient));
  CHECK(!one.queue.enter(a.waiter, 11, kStranger));
  CHECK(!two.queue.enter(b.waiter, 12, kKnown));
  wakes(world, 0);
  one.queue.leave(kClient);
  CHECK(wakes(world, 0) == 0);
  CHECK(wakes(world, 1) == 1);
  two.queue.cancel(b.waiter);  // the stranger's turn
  CHECK(wakes(world, 0) == 1);
  one.run_until([&] { return log == "a"; });
  one.queue.leave(11);
}

TEST_CASE("wait_queue: a stranger who comes to a free slot takes it before a known one comes") {
  World world;
  Worker one(world, 0);
  std::string log;
  Request a(log, 'a'), b(log, 'B');
  CHECK(one.queue.enter(a.waiter, 11, kStranger));
  CHECK(!one.queue.enter(b.waiter, 12, kKnown));
  one.queue.leave(11);
  one.run_until([&] { return log == "B"; });
  one.queue.leave(12);
}

TEST_CASE("wait_queue: a known client with half of the slots lets strangers pass") {
  World world;
  world.gate().set_limit(4);
  Worker one(world, 0);
  std::string log;
  Request a(log, 'A'), b(log, 'b'), c(log, 'c');
  for (int i = 0; i < 4; ++i) REQUIRE(one.queue.try_enter(kClient));
  CHECK(!one.queue.enter(a.waiter, kClient, kKnown));
  CHECK(!one.queue.enter(b.waiter, 11, kStranger));
  CHECK(!one.queue.enter(c.waiter, 12, kStranger));
  one.queue.leave(kClient);
  one.run_until([&] { return log == "b"; });
  one.queue.leave(11);
  one.run_until([&] { return log == "bc"; });
  one.queue.leave(12);
  one.run_until([&] { return log == "bcA"; });
}
