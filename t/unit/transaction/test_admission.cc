#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <vector>

#include "shm/segment.h"
#include "t/unit/net/await.h"
#include "worker/net/unique_fd.h"
#include "worker/net/wake.h"
#include "worker/transaction/admission.h"

namespace {

constexpr std::uint32_t kMany = 1000;

using net_test::await;
using worker::transaction::Admission;
using State = worker::transaction::Admission::State;

constexpr std::uint64_t kPatience = 15'000;

// One worker with a listener and two backends.
struct Gates {
  Gates() {
    wake_fds.push_back(pair.waker.get());
    segment.workers().take(0, 1);
  }
  std::uint32_t enroll_backend(shm::BackendId id, std::uint32_t slots) {
    return segment.backends().enroll(id, slots, 0).value();
  }
  shm::Segment segment;
  worker::net::WakePair pair = worker::net::make_wake_pair().value();
  std::vector<int> wake_fds;
};

struct World : Gates {
  explicit World(std::uint32_t listener_slots = 1, std::uint32_t backend_slots = 1)
      : listener_gates(segment.listeners().slots(*segment.listeners().enroll(1, listener_slots))),
        backend_gates(segment.backends().slots(enroll_backend(1, backend_slots))),
        other_gates(segment.backends().slots(enroll_backend(2, backend_slots))) {}

  // "listener backend other": requests in service, then waiting requests.
  std::string taken() const {
    std::string text;
    for (const shm::SlotGates* gates : {&listener_gates, &backend_gates, &other_gates}) {
      text += std::to_string(gates->all.in_service(1));
    }
    text += ' ';
    for (const shm::SlotGates* gates : {&listener_gates, &backend_gates, &other_gates}) {
      text += std::to_string(gates->all.waiting(1));
    }
    return text;
  }

  worker::net::EventLoop loop;
  worker::net::DeadlineLists lists;
  worker::net::DeadlineList& patience = lists.of(kPatience);
  worker::route::WaitQueues queues{loop, segment.workers(), segment.client_shares(),
                                   0,    wake_fds,          pair.sleeper.get()};
  shm::SlotGates listener_gates;
  shm::SlotGates backend_gates;
  shm::SlotGates other_gates;
  worker::route::Slots listener{queues, listener_gates, worker::route::Slots::Of::listener, 0};
  worker::route::Slots backend{queues, backend_gates, worker::route::Slots::Of::backend, 0};
  worker::route::Slots other{queues, other_gates, worker::route::Slots::Of::backend, 1};
  std::string log;  // of all requests, in order
};

// A request. Each callback adds its name and 'a'dmitted, waited 'l'ong or 't'ime-out to the log.
struct Request final : worker::transaction::AdmissionUser {
  Request(World& world_, char name_, bool is_sender_ = false, shm::Rank rank_ = shm::Rank::known)
      : world(world_), name(name_), is_sender(is_sender_), rank(rank_) {}
  void on_admitted() override { note('a'); }
  void on_waited_long() override {
    if (!waits_long) note('l');
    waits_long = true;
  }
  void on_wait_timeout() override { note('t'); }
  void note(char what) { (world.log += name) += what; }

  bool enter_listener(std::uint32_t most_waiting = kMany) {
    return admission.enter_listener(world.listener, terms(most_waiting)) ==
           Admission::Entry::entered;
  }
  bool enter_backend() {
    return admission.enter_backend(world.backend) == Admission::Entry::entered;
  }
  // Each request has a client of its own.
  Admission::Terms terms(std::uint32_t most_waiting = kMany) const {
    return {.client = static_cast<worker::route::ClientHash>(name),
            .is_sender = is_sender,
            .rank = rank,
            .most_waiting = most_waiting,
            .timeout = &world.patience};
  }

  World& world;
  char name;
  bool is_sender;
  shm::Rank rank;
  bool waits_long = false;
  Admission admission{*this};
};

}  // namespace

TEST_CASE("admission: free slots lead through all states at once, and back") {
  World world;
  Request one(world, '1');
  CHECK(one.admission.state() == State::outside);
  CHECK(one.enter_listener());
  CHECK(one.admission.state() == State::in_listener);
  CHECK(world.taken() == "100 000");
  CHECK(one.enter_backend());
  CHECK(one.admission.state() == State::in_backend);
  CHECK(world.taken() == "110 000");
  one.admission.leave_backend();
  CHECK(one.admission.state() == State::in_listener);
  CHECK(world.taken() == "100 000");
  one.admission.leave();
  CHECK(one.admission.state() == State::outside);
  CHECK(world.taken() == "000 000");
  CHECK(world.log.empty());
}

namespace {

// A request in `state`; another request holds the slots that this needs.
struct InState {
  explicit InState(State state) {
    if (state == State::waiting_for_listener) {
      holder.enter_listener();
      CHECK(!request->enter_listener());
    } else if (state != State::outside) {
      world.listener_gates.set_limit(2);
      CHECK(request->enter_listener());
    }
    if (state == State::waiting_for_backend) {
      holder.enter_listener();
      holder.enter_backend();
      CHECK(!request->enter_backend());
    } else if (state == State::in_backend) {
      CHECK(request->enter_backend());
    }
    CHECK(request->admission.state() == state);
    holds_none = state == State::waiting_for_listener  ? "100 000"
                 : state == State::waiting_for_backend ? "110 000"
                                                       : "000 000";
  }
  World world;
  Request holder{world, 'h'};
  std::unique_ptr<Request> request = std::make_unique<Request>(world, 'r');
  std::string holds_none;  // taken() after the request has left
};

constexpr State kStates[] = {State::outside, State::waiting_for_listener, State::in_listener,
                             State::waiting_for_backend, State::in_backend};

}  // namespace

TEST_CASE("admission: leave gives back all slots once, in every state") {
  for (const State state : kStates) {
    InState in(state);
    in.request->admission.leave();
    CHECK(in.request->admission.state() == State::outside);
    CHECK(in.world.taken() == in.holds_none);
    in.request->admission.leave();
    in.request->admission.leave_backend();
    CHECK(in.world.taken() == in.holds_none);
    in.request.reset();
    CHECK(in.world.taken() == in.holds_none);
    net_test::expire(in.world.lists, kPatience);
    CHECK(in.world.log.empty());
  }
}

TEST_CASE("admission: the destructor gives back all slots, in every state") {
  for (const State state : kStates) {
    InState in(state);
    in.request.reset();
    CHECK(in.world.taken() == in.holds_none);
    net_test::expire(in.world.lists, kPatience);
    CHECK(in.world.log.empty());
  }
}

TEST_CASE("admission: leave_backend keeps the listener's slot, and does nothing in other states") {
  for (const State state : kStates) {
    InState in(state);
    const bool has_backend = state == State::in_backend || state == State::waiting_for_backend;
    const std::string before = in.world.taken();
    in.request->admission.leave_backend();
    in.request->admission.leave_backend();
    if (has_backend) {
      CHECK(in.request->admission.state() == State::in_listener);
      CHECK(in.world.taken() == (state == State::in_backend ? "100 000" : "210 000"));
      CHECK(in.world.backend.all.empty());
    } else {
      CHECK(in.request->admission.state() == state);
      CHECK(in.world.taken() == before);
    }
  }
}

TEST_CASE("admission: requests get the listener's slot in the order in which they came") {
  World world;
  Request a(world, 'a'), b(world, 'b'), c(world, 'c');
  CHECK(a.enter_listener());
  CHECK(!b.enter_listener());
  CHECK(!c.enter_listener());
  CHECK(b.admission.state() == State::waiting_for_listener);
  CHECK(world.taken() == "100 200");
  a.admission.leave();
  CHECK(world.log.empty());  // leave() itself admits no request
  CHECK(await(world.loop, [&] { return world.log == "ba"; }));
  CHECK(b.admission.state() == State::in_listener);
  CHECK(c.admission.state() == State::waiting_for_listener);
  CHECK(world.taken() == "100 100");
  b.admission.leave();
  CHECK(await(world.loop, [&] { return world.log == "baca"; }));
  c.admission.leave();
  CHECK(world.taken() == "000 000");
}

TEST_CASE("admission: requests get a backend's slot in order, and admission stops the deadline") {
  World world(0);
  Request a(world, 'a'), b(world, 'b'), c(world, 'c');
  for (Request* one : {&a, &b, &c}) CHECK(one->enter_listener());
  CHECK(a.enter_backend());
  CHECK(!b.enter_backend());
  CHECK(!c.enter_backend());
  CHECK(world.taken() == "310 020");
  a.admission.leave_backend();
  CHECK(await(world.loop, [&] { return world.log == "ba"; }));
  CHECK(b.admission.state() == State::in_backend);
  CHECK(a.admission.state() == State::in_listener);
  net_test::expire(world.lists, kPatience);
  CHECK(world.log == "bact");  // c is the only request that still waits
  CHECK(world.taken() == "310 010");
}

TEST_CASE("admission: the time-out comes once, and the request stays in the queue") {
  World world(0);
  Request a(world, 'a'), b(world, 'b');
  a.enter_listener();
  b.enter_listener();
  CHECK(a.enter_backend());
  const std::uint64_t before = worker::net::EventLoop::now_ms();
  CHECK(!b.enter_backend());
  world.patience.sweep(before + kPatience);
  CHECK(world.log.empty());
  net_test::expire(world.lists, kPatience);
  net_test::expire(world.lists, kPatience);
  CHECK(world.log == "bt");
  CHECK(b.admission.state() == State::waiting_for_backend);
  CHECK(world.taken() == "210 010");
  a.admission.leave();
  CHECK(await(world.loop, [&] { return world.log == "btba"; }));
  CHECK(b.admission.state() == State::in_backend);
}

TEST_CASE("admission: waiting for the listener has a deadline, too") {
  World world;
  Request a(world, 'a'), b(world, 'b');
  CHECK(a.enter_listener());
  CHECK(!b.enter_listener());
  net_test::expire(world.lists, kPatience);
  CHECK(world.log == "bt");
  CHECK(b.admission.state() == State::waiting_for_listener);
}

TEST_CASE("admission: a request that has waited long can move to another backend") {
  World world(0);
  Request a(world, 'a'), b(world, 'b');
  a.enter_listener();
  b.enter_listener();
  CHECK(a.enter_backend());
  CHECK(!b.enter_backend());
  CHECK(await(world.loop, [&] { return world.log == "bl"; }));
  CHECK(b.admission.try_other_backend(world.other));
  CHECK(b.admission.state() == State::in_backend);
  CHECK(world.taken() == "211 000");
  net_test::expire(world.lists, kPatience);
  CHECK(world.log == "bl");
  b.admission.leave();
  CHECK(world.taken() == "110 000");
  a.admission.leave();
  CHECK(world.taken() == "000 000");
}

TEST_CASE("admission: try_other_backend needs a free slot and a request that waits for a backend") {
  World world(0);
  Request a(world, 'a'), b(world, 'b'), c(world, 'c');
  for (Request* one : {&a, &b, &c}) one->enter_listener();
  CHECK(!c.admission.try_other_backend(world.other));
  CHECK(c.admission.state() == State::in_listener);
  CHECK(a.enter_backend());
  CHECK(!a.admission.try_other_backend(world.other));
  CHECK(c.admission.enter_backend(world.other) == Admission::Entry::entered);
  CHECK(!b.enter_backend());
  CHECK(!b.admission.try_other_backend(world.other));
  CHECK(b.admission.state() == State::waiting_for_backend);
  CHECK(world.taken() == "311 010");
  // The request has kept its place in the first queue.
  a.admission.leave();
  CHECK(await(world.loop, [&] { return world.log == "ba"; }));
}

TEST_CASE("admission: it serves the next request after a time-out") {
  World world(0);
  Request a(world, 'a'), b(world, 'b');
  a.enter_listener();
  b.enter_listener();
  CHECK(a.enter_backend());
  CHECK(!b.enter_backend());
  net_test::expire(world.lists, kPatience);
  b.admission.leave();
  CHECK(world.taken() == "110 000");
  a.admission.leave_backend();
  CHECK(b.enter_listener());
  CHECK(b.enter_backend());
  CHECK(world.taken() == "210 000");
  net_test::expire(world.lists, kPatience);
  CHECK(world.log == "bt");
}

TEST_CASE("admission: one request more than may wait is turned away, in every state of the queue") {
  World world;
  Request holder(world, '1');
  Request waiter(world, '2');
  Request third(world, '3');
  using Entry = Admission::Entry;
  CHECK(holder.admission.enter_listener(world.listener, holder.terms(0)) == Entry::entered);
  CHECK(waiter.admission.enter_listener(world.listener, waiter.terms(0)) == Entry::full);
  CHECK(waiter.admission.state() == State::outside);
  CHECK(!holder.admission.is_wanted());
  CHECK(waiter.admission.enter_listener(world.listener, waiter.terms(1)) == Entry::waits);
  CHECK(holder.admission.is_wanted());
  CHECK(third.admission.enter_listener(world.listener, third.terms(1)) == Entry::full);
  CHECK(third.admission.enter_listener(world.listener, third.terms(2)) == Entry::waits);
  holder.admission.leave();
  waiter.admission.leave();
  third.admission.leave();
  CHECK(world.taken() == "000 000");
}

// --- senders and readers

namespace {

// Places among the senders and the readers: "listener backend other", senders first.
std::string halves(const World& world) {
  std::string text;
  for (const bool of_senders : {true, false}) {
    for (const shm::SlotGates* gates :
         {&world.listener_gates, &world.backend_gates, &world.other_gates}) {
      text += std::to_string((of_senders ? gates->senders : gates->readers).in_service(1));
    }
    text += of_senders ? " " : "";
  }
  return text;
}

struct FourSlots : World {
  FourSlots() : World(4, 4) {
    for (shm::SlotGates* gates : {&listener_gates, &backend_gates, &other_gates}) {
      gates->set_limit(4);
    }
  }
};

}  // namespace

TEST_CASE("admission: senders get half of the slots, the next one waits, others do not") {
  FourSlots world;
  Request a(world, 'a', true), b(world, 'b', true), c(world, 'c', true);
  Request other(world, 'o');
  CHECK(a.enter_listener());
  CHECK(b.enter_listener());
  CHECK(!c.enter_listener());
  CHECK(c.admission.state() == State::waiting_for_listener);
  CHECK(other.enter_listener());
  CHECK(world.taken() == "300 000");
  CHECK(halves(world) == "200 000");
  CHECK(a.admission.is_wanted());  // by c
  CHECK(!other.admission.is_wanted());
  a.admission.leave();
  CHECK(await(world.loop, [&] { return world.log == "ca"; }));
  CHECK(c.admission.state() == State::in_listener);
  CHECK(world.taken() == "300 000");
  CHECK(halves(world) == "200 000");
}

TEST_CASE("admission: the same at a backend; who has sent all is a sender no more") {
  FourSlots world;
  world.listener_gates.set_limit(0);
  Request a(world, 'a', true), b(world, 'b', true), c(world, 'c', true);
  for (Request* one : {&a, &b, &c}) CHECK(one->enter_listener());
  CHECK(a.enter_backend());
  CHECK(b.enter_backend());
  CHECK(!c.enter_backend());
  CHECK(c.admission.state() == State::waiting_for_backend);
  CHECK(halves(world) == "320 000");
  a.admission.client_has_sent_all();
  CHECK(a.admission.state() == State::in_backend);
  CHECK(await(world.loop, [&] { return world.log == "ca"; }));
  CHECK(world.taken() == "330 000");
  CHECK(halves(world) == "220 000");
  for (Request* one : {&a, &b, &c}) one->admission.leave();
  CHECK(world.taken() == "000 000");
  CHECK(halves(world) == "000 000");
}

TEST_CASE("admission: a sender that got its place then waits for a slot, within the same time") {
  FourSlots world;
  Request a(world, 'a', true), b(world, 'b', true), c(world, 'c', true);
  Request x(world, 'x'), y(world, 'y');
  CHECK(a.enter_listener());
  CHECK(b.enter_listener());
  CHECK(!c.enter_listener());
  CHECK(x.enter_listener());
  CHECK(y.enter_listener());
  a.admission.client_has_sent_all();  // the place is free, but no slot
  CHECK(await(world.loop, [&] { return world.listener.all.waiting() == 1; }));
  CHECK(c.admission.state() == State::waiting_for_listener);
  CHECK(halves(world) == "200 000");
  SUBCASE("a slot becomes free") {
    x.admission.leave();
    CHECK(await(world.loop, [&] { return world.log == "ca"; }));
    CHECK(c.admission.state() == State::in_listener);
  }
  SUBCASE("the time is over") {
    net_test::expire(world.lists, kPatience);
    CHECK(world.log == "ct");
    c.admission.leave();
    CHECK(halves(world) == "100 000");
    CHECK(world.taken() == "400 000");
  }
}

TEST_CASE("admission: a sender that is turned away keeps no place") {
  FourSlots world;
  world.listener_gates.all.set_limit(1);
  Request holder(world, 'h');
  Request a(world, 'a', true);
  CHECK(holder.enter_listener());
  CHECK(!a.enter_listener(0));
  CHECK(a.admission.state() == State::outside);
  CHECK(halves(world) == "000 000");
}

TEST_CASE("admission: a sender takes its places at another backend") {
  FourSlots world;
  world.listener_gates.set_limit(0);
  Request a(world, 'a', true), b(world, 'b', true), c(world, 'c', true);
  for (Request* one : {&a, &b, &c}) CHECK(one->enter_listener());
  CHECK(a.enter_backend());
  CHECK(b.enter_backend());
  CHECK(!c.enter_backend());
  CHECK(c.admission.try_other_backend(world.other));
  CHECK(c.admission.state() == State::in_backend);
  CHECK(halves(world) == "321 000");
  CHECK(world.taken() == "321 000");
  c.admission.leave();
  CHECK(halves(world) == "220 000");
}

TEST_CASE("admission: half of the slots are for readers; one more is told so and goes on") {
  FourSlots world;
  Request a(world, 'a'), b(world, 'b'), c(world, 'c'), d(world, 'd');
  for (Request* one : {&a, &b, &c, &d}) {
    CHECK(one->admission.try_become_reader());  // it holds nothing
    CHECK(one->enter_listener());
    CHECK(one->enter_backend());
  }
  CHECK(halves(world) == "000 000");
  CHECK(a.admission.try_become_reader());
  CHECK(a.admission.try_become_reader());
  CHECK(b.admission.try_become_reader());
  CHECK(!c.admission.try_become_reader());
  CHECK(halves(world) == "000 220");
  CHECK(c.admission.state() == State::in_backend);
  a.admission.leave_backend();
  CHECK(halves(world) == "000 210");  // the listener's place stays until the end
  a.admission.leave();
  CHECK(halves(world) == "000 110");
  CHECK(d.admission.try_become_reader());
  // A backend without a place: none is taken at the listener, either.
  world.backend_gates.readers.set_limit(1);
  world.listener_gates.readers.set_limit(3);
  CHECK(!c.admission.try_become_reader());
  CHECK(halves(world) == "000 220");
}

// --- strangers

namespace {

constexpr shm::Rank kStranger = shm::Rank::stranger;

}  // namespace

TEST_CASE("admission: a known request goes before a stranger at the listener and at the backend") {
  for (const bool at_backend : {false, true}) {
    World world(at_backend ? 0 : 1);
    Request holder(world, 'h'), known(world, 'k');
    Request stranger(world, 's', false, kStranger);
    for (Request* one : {&holder, &stranger, &known}) {
      const bool is_in = one->enter_listener();
      if (at_backend) {
        CHECK(is_in);
        one->enter_backend();
      }
    }
    holder.admission.leave();
    CHECK(await(world.loop, [&] { return world.log == "ka"; }));
    known.admission.leave();
    CHECK(await(world.loop, [&] { return world.log == "kasa"; }));
  }
}

TEST_CASE("admission: a known sender goes before a stranger that sends, too, at both gates") {
  for (const bool at_backend : {false, true}) {
    FourSlots world;
    if (at_backend) world.listener_gates.set_limit(0);
    Request a(world, 'a', true), b(world, 'b', true), known(world, 'k', true);
    Request stranger(world, 's', true, kStranger);
    for (Request* one : {&a, &b, &stranger, &known}) {
      const bool is_in = one->enter_listener();
      if (at_backend) {
        CHECK(is_in);
        one->enter_backend();
      }
    }
    a.admission.leave();
    CHECK(await(world.loop, [&] { return world.log == "ka"; }));
    known.admission.leave();
    CHECK(await(world.loop, [&] { return world.log == "kasa"; }));
  }
}

TEST_CASE("admission: strangers may fill half of the queue, known requests all of it") {
  World world;
  Request holder(world, 'h'), a(world, 'a'), b(world, 'b'), c(world, 'c'), d(world, 'd');
  Request s(world, 's', false, kStranger), t(world, 't', false, kStranger),
      u(world, 'u', false, kStranger);
  using Entry = Admission::Entry;
  constexpr std::uint32_t kMost = 5;
  const auto enter = [&](Request& one) {
    return one.admission.enter_listener(world.listener, one.terms(kMost));
  };
  CHECK(enter(holder) == Entry::entered);
  CHECK(enter(s) == Entry::waits);
  CHECK(enter(t) == Entry::waits);
  CHECK(enter(u) == Entry::full);
  CHECK(u.admission.state() == State::outside);
  CHECK(u.admission.is_stranger());
  for (Request* one : {&a, &b, &c}) CHECK(enter(*one) == Entry::waits);
  CHECK(enter(d) == Entry::full);
  CHECK(!d.admission.is_stranger());
  s.admission.leave();
  CHECK(enter(u) == Entry::waits);
}

TEST_CASE("admission: known requests that fill the queue leave no place to strangers") {
  World world;
  Request holder(world, 'h'), a(world, 'a'), b(world, 'b');
  Request s(world, 's', false, kStranger);
  using Entry = Admission::Entry;
  CHECK(holder.enter_listener());
  for (Request* one : {&a, &b}) CHECK(!one->enter_listener(2));
  CHECK(s.admission.enter_listener(world.listener, s.terms(2)) == Entry::full);
  b.admission.leave();
  CHECK(s.admission.enter_listener(world.listener, s.terms(2)) == Entry::waits);
}
