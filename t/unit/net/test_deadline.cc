#include <doctest/doctest.h>

#include <string>

#include "worker/net/deadline.h"

namespace {

struct Item {
  Item(std::string& log_, char name_)
      : log(log_),
        name(name_),
        deadline(
            [](void* self) {
              auto* const item = static_cast<Item*>(self);
              item->log += item->name;
            },
            this) {}
  std::string& log;
  char name;
  worker::net::Deadline deadline;
};

}  // namespace

TEST_CASE("deadline: fires in order, after its duration, once") {
  std::string log;
  worker::net::DeadlineList list(1000);
  Item a(log, 'a'), b(log, 'b');
  a.deadline.start(list, 100);
  b.deadline.start(list, 200);
  list.sweep(1100);
  CHECK(log.empty());  // a deadline fires after its duration, not at its end
  list.sweep(1101);
  CHECK(log == "a");
  CHECK(!a.deadline.running());
  CHECK(b.deadline.running());
  list.sweep(5000);
  list.sweep(9000);
  CHECK(log == "ab");
}

TEST_CASE("deadline: starting again moves it behind the others") {
  std::string log;
  worker::net::DeadlineList list(1000);
  Item a(log, 'a'), b(log, 'b'), c(log, 'c');
  a.deadline.start(list, 0);
  b.deadline.start(list, 10);
  c.deadline.start(list, 20);
  a.deadline.start(list, 500);
  b.deadline.stop();
  list.sweep(1400);
  CHECK(log == "c");
  list.sweep(1501);
  CHECK(log == "ca");
}

TEST_CASE("deadline: ends with its owner, and moves between lists") {
  std::string log;
  worker::net::DeadlineLists lists;
  CHECK(&lists.of(5) == &lists.of(5));
  Item a(log, 'a');
  {
    Item gone(log, 'g');
    gone.deadline.start(lists.of(5), 0);
    a.deadline.start(lists.of(5), 0);
    a.deadline.start(lists.of(1000), 0);
  }
  lists.sweep(500);
  CHECK(log.empty());
  lists.sweep(1001);
  CHECK(log == "a");
}

TEST_CASE("deadline: a callback may start its own deadline again without an endless sweep") {
  struct Again {
    worker::net::DeadlineList list{10};
    std::uint64_t now = 0;
    int count = 0;
    worker::net::Deadline deadline{[](void* self) {
                                     auto* const again = static_cast<Again*>(self);
                                     ++again->count;
                                     again->deadline.start(again->list, again->now);
                                   },
                                   this};
    void sweep(std::uint64_t at) {
      now = at;
      list.sweep(at);
    }
  } again;
  again.deadline.start(again.list, 0);
  again.sweep(100);
  CHECK(again.count == 1);
  again.sweep(110);
  CHECK(again.count == 1);
  again.sweep(111);
  CHECK(again.count == 2);
}
