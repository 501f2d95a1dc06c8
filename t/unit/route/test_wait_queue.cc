#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "shm/segment.h"
#include "worker/net/wake.h"
#include "worker/route/wait_queue.h"

namespace {

using worker::net::EventLoop;

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
      : queues(loop, world.segment.workers(), world.rows[i], world.wake_fds,
               world.pairs[i].sleeper.get()),
        queue(queues, world.gate()) {}
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
  CHECK(one.queue.enter(a.waiter));
  CHECK(!one.queue.enter(b.waiter));
  CHECK(!one.queue.enter(c.waiter));
  CHECK(!one.queue.try_enter());
  CHECK(world.gate().waiting(2) == 2);
  one.queue.leave();
  one.run_until([&] { return log == "b"; });
  CHECK(world.gate().in_service(2) == 1);
  CHECK(c.waiter.waiting());
  one.queue.cancel(c.waiter);
  one.queue.leave();
  CHECK(world.gate().in_service(2) == 0);
  CHECK(world.gate().waiting(2) == 0);
}

TEST_CASE("wait_queue: a slot freed by one worker goes to an earlier waiter of another worker") {
  World world;
  Worker one(world, 0);
  auto two = std::make_unique<Worker>(world, 1);
  std::string log;
  Request a(log, 'a'), b(log, 'b'), c(log, 'c');
  CHECK(one.queue.enter(a.waiter));
  CHECK(!two->queue.enter(b.waiter));
  CHECK(!one.queue.enter(c.waiter));
  one.queue.leave();
  // b arrived first, so c may not overtake it.
  CHECK(!one.queue.try_enter());
  two->run_until([&] { return log == "b"; });
  two->queue.leave();
  one.run_until([&] { return log == "bc"; });
  one.queue.leave();
}

TEST_CASE("wait_queue: a waiter takes a free slot when the worker whose turn it is does not run") {
  World world;
  Worker one(world, 0);
  auto stuck = std::make_unique<Worker>(world, 1);
  std::string log;
  Request a(log, 'a'), b(log, 'b'), c(log, 'c');
  CHECK(one.queue.enter(a.waiter));
  CHECK(!stuck->queue.enter(b.waiter));
  CHECK(!one.queue.enter(c.waiter));
  one.queue.leave();  // notifies the stuck worker, which never runs its loop
  one.run_until([&] { return log == "c"; });
  CHECK(world.gate().in_service(2) == 1);
  one.queue.leave();
  stuck->queue.cancel(b.waiter);
}

TEST_CASE("wait_queue: a waiter is told when it has waited long") {
  World world;
  Worker one(world, 0);
  std::string log;
  Request a(log, 'a'), b(log, 'b');
  CHECK(one.queue.enter(a.waiter));
  CHECK(!one.queue.enter(b.waiter));
  one.run_until([&] { return b.waited_long > 0; });
  CHECK(log.empty());
  one.queue.cancel(b.waiter);
  one.queue.leave();
}

TEST_CASE("wait_queue: the destruction of a waiter removes it from the queue") {
  World world;
  Worker one(world, 0);
  std::string log;
  Request a(log, 'a');
  CHECK(one.queue.enter(a.waiter));
  {
    Request gone(log, 'g');
    CHECK(!one.queue.enter(gone.waiter));
    CHECK(world.gate().waiting(2) == 1);
  }
  CHECK(world.gate().waiting(2) == 0);
  one.queue.leave();
}

TEST_CASE("wait_queue: without a limit no request waits") {
  World world;
  world.gate().set_limit(0);
  Worker one(world, 0);
  std::string log;
  std::vector<std::unique_ptr<Request>> requests;
  for (int i = 0; i < 100; ++i) {
    requests.push_back(std::make_unique<Request>(log, 'x'));
    CHECK(one.queue.enter(requests.back()->waiter));
  }
  CHECK(world.gate().in_service(2) == 100);
  for (int i = 0; i < 100; ++i) one.queue.leave();
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
  for (int i = 0; i < 3; ++i) REQUIRE(one.queue.try_enter());
  for (Request* request : {&a, &b, &c}) CHECK(!one.queue.enter(request->waiter));
  one.queue.leave();
  one.queue.leave();
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
  CHECK(one.queue.try_enter());
  CHECK(!two.queue.enter(a.waiter));
  CHECK(!one.queue.enter(b.waiter));
  CHECK(wakes(world, 0) == 0);
  CHECK(wakes(world, 1) == 0);
  one.queue.leave();
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
  CHECK(one.queue.try_enter());
  CHECK(!stuck.queue.enter(a.waiter));
  CHECK(!one.queue.enter(b.waiter));
  one.queue.leave();
  one.run_until([&] { return log == "b"; });
  CHECK(!b.waiter.waiting());
  CHECK(one.queue.empty());
  CHECK(world.gate().waiting(2) == 1);
  stuck.queue.cancel(a.waiter);
  one.queue.leave();
}

TEST_CASE("wait_queue: the middle one of three leaves, the order of the others stays") {
  World world;
  Worker one(world, 0);
  std::string log;
  Request a(log, 'a'), b(log, 'b'), c(log, 'c');
  CHECK(one.queue.try_enter());
  for (Request* request : {&a, &b, &c}) CHECK(!one.queue.enter(request->waiter));
  one.queue.cancel(b.waiter);
  CHECK(world.gate().waiting(2) == 2);
  one.queue.leave();
  one.run_until([&] { return log == "a"; });
  one.queue.leave();
  one.run_until([&] { return log == "ac"; });
  one.queue.leave();
}
