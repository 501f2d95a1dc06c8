#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <ctime>
#include <memory>
#include <string>

#include "worker/net/event.h"
#include "worker/net/unique_fd.h"

namespace {

using worker::net::EventLoop;
using worker::net::FdEvent;

struct Pair {
  Pair() {
    int fds[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds) == 0);
    ours = worker::net::UniqueFd(fds[0]);
    theirs = worker::net::UniqueFd(fds[1]);
  }
  worker::net::UniqueFd ours, theirs;
};

struct Watcher {
  EventLoop loop;
  FdEvent event;
  int calls = 0;
  int stop_at = 1;
  short seen = 0;
  static void on_event(void* self, short what) {
    auto* const me = static_cast<Watcher*>(self);
    me->seen = static_cast<short>(me->seen | what);
    if (++me->calls == me->stop_at) me->loop.stop();
  }
};

}  // namespace

TEST_CASE("event: one callback reports both bytes and the peer's end of stream") {
  Pair pair;
  Watcher watcher;
  CHECK(watcher.event.add_edge(watcher.loop, pair.ours.get(),
                               worker::net::kReadable | worker::net::kPeerClosed,
                               &Watcher::on_event, &watcher));
  REQUIRE(::write(pair.theirs.get(), "x", 1) == 1);
  pair.theirs.reset();
  watcher.loop.run();
  CHECK((watcher.seen & worker::net::kReadable) != 0);
  CHECK((watcher.seen & worker::net::kPeerClosed) != 0);
}

TEST_CASE("event: reschedule causes one callback in the next turn without a new event") {
  Pair pair;
  Watcher watcher;
  CHECK(watcher.event.add_edge(watcher.loop, pair.ours.get(), worker::net::kReadable,
                               &Watcher::on_event, &watcher));
  watcher.event.reschedule();
  watcher.event.reschedule();  // has no further effect
  watcher.loop.run();
  CHECK(watcher.calls == 1);
  CHECK(watcher.seen == worker::net::kReadable);
}

TEST_CASE("event: remove() also cancels a rescheduled callback") {
  Pair pair;
  Watcher watcher;
  CHECK(watcher.event.add_edge(watcher.loop, pair.ours.get(), worker::net::kReadable,
                               &Watcher::on_event, &watcher));
  watcher.event.reschedule();
  watcher.event.remove();
  CHECK(!watcher.event.added());
  worker::net::Timer timer(
      watcher.loop, [](void* loop) { static_cast<EventLoop*>(loop)->stop(); }, &watcher.loop);
  timer.start(1);
  watcher.loop.run();
  CHECK(watcher.calls == 0);
}

TEST_CASE(
    "event: dispose() destroys objects after the turn, also those that a destructor disposes of") {
  struct Noted : worker::net::Disposable {
    Noted(std::string& log_, char name_) : log(log_), name(name_) {}
    ~Noted() override {
      log += name;
      if (next) loop->dispose(std::move(next));
    }
    std::string& log;
    char name;
    EventLoop* loop = nullptr;
    std::unique_ptr<worker::net::Disposable> next;
  };
  EventLoop loop;
  std::string log;
  struct Turn {
    EventLoop& loop;
    std::string& log;
    std::unique_ptr<Noted> first;
  } turn{loop, log, std::make_unique<Noted>(log, 'a')};
  turn.first->loop = &loop;
  turn.first->next = std::make_unique<Noted>(log, 'b');
  worker::net::Timer timer(
      loop,
      [](void* self) {
        auto* const me = static_cast<Turn*>(self);
        me->loop.dispose(std::move(me->first));
        me->log += '.';  // the turn is not over
        me->loop.stop();
      },
      &turn);
  timer.start(1);
  loop.run();
  CHECK(log == ".ab");
}

TEST_CASE("event: reschedule is for one turn only") {
  Pair pair;
  Watcher watcher;
  watcher.stop_at = 0;  // the timer stops the loop
  CHECK(watcher.event.add_edge(watcher.loop, pair.ours.get(), worker::net::kReadable,
                               &Watcher::on_event, &watcher));
  watcher.event.reschedule();
  struct Ticks {
    EventLoop& loop;
    int count = 0;
  } ticks{watcher.loop};
  worker::net::Timer timer(
      watcher.loop,
      [](void* self) {
        auto* const me = static_cast<Ticks*>(self);
        if (++me->count == 3) me->loop.stop();
      },
      &ticks);
  timer.start(1);
  watcher.loop.run();
  CHECK(watcher.calls == 1);
}

TEST_CASE("event: a callback may raise its event for the next turn, again and again") {
  struct Reader {
    EventLoop loop;
    FdEvent event;
    int calls = 0;
  } reader;
  Pair pair;
  CHECK(reader.event.add_edge(
      reader.loop, pair.ours.get(), worker::net::kReadable,
      [](void* self, short) {
        auto* const me = static_cast<Reader*>(self);
        if (++me->calls == 5) return me->loop.stop();
        me->event.reschedule();
      },
      &reader));
  reader.event.reschedule();
  reader.loop.run();
  CHECK(reader.calls == 5);
}

TEST_CASE("event: an event that was raised and removed can be added and raised again") {
  Pair pair;
  Watcher watcher;
  for (int round = 0; round < 2; ++round) {
    CHECK(watcher.event.add_edge(watcher.loop, pair.ours.get(), worker::net::kReadable,
                                 &Watcher::on_event, &watcher));
    CHECK(watcher.event.added());
    watcher.event.reschedule();
    if (round == 0) watcher.event.remove();
  }
  watcher.loop.run();
  CHECK(watcher.calls == 1);
}

TEST_CASE(
    "event: unread bytes raise a level-triggered event each turn, an edge-triggered one once") {
  for (const bool is_edge : {false, true}) {
    Pair pair;
    Watcher watcher;
    watcher.stop_at = is_edge ? 0 : 3;
    if (is_edge) {
      CHECK(watcher.event.add_edge(watcher.loop, pair.ours.get(), worker::net::kReadable,
                                   &Watcher::on_event, &watcher));
    } else {
      CHECK(watcher.event.add_level(watcher.loop, pair.ours.get(), worker::net::kReadable,
                                    &Watcher::on_event, &watcher));
    }
    REQUIRE(::write(pair.theirs.get(), "x", 1) == 1);
    // Stops the edge-triggered loop in a turn without bytes.
    worker::net::Timer timer(
        watcher.loop,
        [](void* self) {
          auto* const me = static_cast<Watcher*>(self);
          if (me->calls > 0 && me->stop_at == 0) me->loop.stop();
        },
        &watcher);
    timer.start(1);
    watcher.loop.run();
    CHECK(watcher.calls == (is_edge ? 1 : 3));
  }
}

namespace {

std::uint64_t read_us(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec) / 1000;
}

std::uint64_t coarse_ms() { return read_us(CLOCK_MONOTONIC_COARSE) / 1000; }

// Reads both clocks twice in each of three turns, with a tick of the coarse clock in between.
struct Clocks {
  EventLoop loop;
  int turns = 0;
  static void on_tick(void* self) {
    auto* const me = static_cast<Clocks*>(self);
    const std::uint64_t before_us = me->began_us;
    const std::uint64_t before_ms = me->began_ms;
    const std::uint64_t us = me->loop.turn_us();
    const std::uint64_t ms = EventLoop::now_ms();
    CHECK(us >= before_us);
    CHECK(us <= read_us(CLOCK_MONOTONIC));
    CHECK(ms >= before_ms);
    CHECK(ms <= coarse_ms());
    while (coarse_ms() == ms) {
    }
    CHECK(me->loop.turn_us() == us);
    CHECK(EventLoop::now_ms() == ms);
    me->began_us = read_us(CLOCK_MONOTONIC);
    me->began_ms = coarse_ms();
    if (++me->turns == 3) me->loop.stop();
  }
  std::uint64_t began_us = read_us(CLOCK_MONOTONIC);
  std::uint64_t began_ms = coarse_ms();
};

}  // namespace

TEST_CASE("event: both clocks stand still within a turn and go on with the next") {
  Clocks clocks;
  worker::net::Timer timer(clocks.loop, &Clocks::on_tick, &clocks);
  CHECK_FALSE(timer.running());
  timer.start(1);
  CHECK(timer.running());
  clocks.loop.run();
  CHECK(clocks.turns == 3);
  timer.stop();
  CHECK_FALSE(timer.running());
}

TEST_CASE("event: outside run the clock in milliseconds is read at each call") {
  const std::uint64_t before = EventLoop::now_ms();
  while (coarse_ms() == before) {
  }
  CHECK(EventLoop::now_ms() > before);
  EventLoop loop;
  const std::uint64_t began_us = read_us(CLOCK_MONOTONIC);
  const std::uint64_t us = loop.turn_us();
  CHECK(us >= began_us);
  CHECK(us <= read_us(CLOCK_MONOTONIC));
}

TEST_CASE("event: before_wait is called once in each turn, before it waits") {
  struct Counts {
    EventLoop loop;
    int waits = 0;
    int ticks = 0;
  } counts;
  counts.loop.before_wait([](void* self) { ++static_cast<Counts*>(self)->waits; }, &counts);
  worker::net::Timer timer(
      counts.loop,
      [](void* self) {
        auto* const me = static_cast<Counts*>(self);
        ++me->ticks;
        CHECK(me->waits == me->ticks);
        if (me->ticks == 3) me->loop.stop();
      },
      &counts);
  timer.start(1);
  counts.loop.run();
  CHECK(counts.waits == 3);
}
