#include <doctest/doctest.h>
#include <sys/socket.h>
#include <unistd.h>

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

TEST_CASE("event: one callback reports bytes and the peer's end of stream") {
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

TEST_CASE("event: raise_again calls back in the next turn without a new event") {
  Pair pair;
  Watcher watcher;
  CHECK(watcher.event.add_edge(watcher.loop, pair.ours.get(), worker::net::kReadable,
                               &Watcher::on_event, &watcher));
  watcher.event.raise_again();
  watcher.event.raise_again();  // still one callback
  watcher.loop.run();
  CHECK(watcher.calls == 1);
  CHECK(watcher.seen == worker::net::kReadable);
}

TEST_CASE("event: a removed event gets no callback, even after raise_again") {
  Pair pair;
  Watcher watcher;
  CHECK(watcher.event.add_edge(watcher.loop, pair.ours.get(), worker::net::kReadable,
                               &Watcher::on_event, &watcher));
  watcher.event.raise_again();
  watcher.event.remove();
  CHECK(!watcher.event.added());
  worker::net::Timer timer(
      watcher.loop, [](void* loop) { static_cast<EventLoop*>(loop)->stop(); }, &watcher.loop);
  timer.start(1);
  watcher.loop.run();
  CHECK(watcher.calls == 0);
}

TEST_CASE(
    "event: disposed objects end after the turn, and so do those that their destructors dispose "
    "of") {
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
        me->log += '.';  // still in the turn
        me->loop.stop();
      },
      &turn);
  timer.start(1);
  loop.run();
  CHECK(log == ".ab");
}
