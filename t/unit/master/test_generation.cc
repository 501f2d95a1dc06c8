#include <doctest/doctest.h>
#include <sys/socket.h>

#include <array>
#include <set>
#include <tuple>

#include "master/clock.h"
#include "master/generation.h"
#include "master/start_error.h"
#include "t/unit/master/heritage.h"

using master::Generation;

namespace {

// Makes generations as a master does.
struct Made {
  shm::Segment segment;
  master::WakeFds wake_fds{16};

  Generation make(shm::Generation number, const Generation* previous = nullptr,
                  worker::Heritage heritage = sample_heritage()) {
    return master::make_generation(number, std::move(heritage), previous, segment, wake_fds);
  }
};

bool listens(const worker::net::UniqueFd& socket) {
  int value = -1;
  socklen_t size = sizeof value;
  ::getsockopt(socket.get(), SOL_SOCKET, SO_ACCEPTCONN, &value, &size);
  return value == 1;
}

std::uint16_t port_of(const worker::net::UniqueFd& socket) {
  sockaddr_in name{};
  socklen_t size = sizeof name;
  ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&name), &size);
  return ntohs(name.sin_port);
}

// The sample with a single listener, on this port.
worker::Heritage with_port(std::uint16_t port, unsigned workers) {
  worker::Heritage heritage = sample_heritage();
  conf::Config config = *heritage.config;
  config.listeners.resize(1);
  config.listeners[0].port = port;
  heritage.config = std::make_shared<const conf::Config>(std::move(config));
  heritage.listeners.resize(1);
  heritage.listeners[0].addresses = {loopback(port)};
  heritage.workers = workers;
  return heritage;
}

std::uint16_t free_port() {
  master::ListeningSockets sockets{loopback(0), {}};
  master::bind_slots(sockets, 1);
  return port_of(*sockets.all[0]);
}

}  // namespace

TEST_CASE("generation: every backend and listener has a row; identical backends have two") {
  Made made;
  const Generation first = made.make(1);
  std::set<std::uint32_t> rows;
  for (const auto& backend : first.heritage.backends) rows.insert(backend.row);
  CHECK(rows.size() == 3);
  CHECK(first.heritage.listeners[0].row != first.heritage.listeners[1].row);
  CHECK(made.segment.backends().gate(first.heritage.backends[0].row).limit() == 8);
  CHECK(made.segment.backends().gate(first.heritage.backends[1].row).limit() == 3);
  CHECK(made.segment.listeners().gate(first.heritage.listeners[0].row).limit() == 8);

  const Generation second = made.make(2, &first);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(second.heritage.backends[i].row == first.heritage.backends[i].row);
  }
}

TEST_CASE("generation: a backend is dead while its name has no address") {
  Made made;
  const Generation first = made.make(1);
  const std::uint32_t row = first.heritage.backends[2].row;
  CHECK(made.segment.backends().is_live(row));
  master::put_in_force(first);
  CHECK(made.segment.backends().is_live(first.heritage.backends[0].row));
  CHECK(made.segment.backends().liveness(row).reason == shm::DeadReason::dns);

  worker::Heritage resolved = sample_heritage();
  resolved.backends[2].addresses = {loopback(80)};
  master::put_in_force(made.make(2, &first, std::move(resolved)));
  CHECK(made.segment.backends().is_live(row));
}

TEST_CASE("generation: what was published for a backend is replaced, and only that") {
  Made made;
  const Generation first = made.make(1);
  const auto& [known, twin, lost] =
      std::tie(first.heritage.backends[0], first.heritage.backends[1], first.heritage.backends[2]);
  shm::BackendAddresses& table = made.segment.backend_addresses();
  table.publish(known.row, known.id, {});
  table.publish(twin.row, twin.id + 1, {});  // the row has belonged to another backend
  master::put_in_force(first);
  std::array<shm::Address, shm::kMaxAddresses> found;
  CHECK(table.read(known.row, found)->count == 1);
  CHECK(table.read(twin.row, found)->id == twin.id + 1);
  CHECK(table.version(lost.row) == 0);
  const std::uint32_t version = table.version(known.row);
  master::put_in_force(made.make(2, &first));
  CHECK(table.version(known.row) == version);
}

TEST_CASE(
    "generation: a name that resolves does not revive a backend that is dead for another reason") {
  Made made;
  const Generation first = made.make(1);
  const std::uint32_t row = first.heritage.backends[0].row;
  made.segment.backends().mark_dead(row, shm::DeadReason::refused, 1);
  master::put_in_force(made.make(2, &first));
  CHECK_FALSE(made.segment.backends().is_live(row));
}

TEST_CASE("generation: limits change when the generation is put in force") {
  Made made;
  const Generation first = made.make(1);
  worker::Heritage changed = sample_heritage();
  conf::Config config = *changed.config;
  config.backends[0].threads = 20;
  config.listeners[0].threads = 30;
  changed.config = std::make_shared<const conf::Config>(std::move(config));
  const Generation second = made.make(2, &first, std::move(changed));
  const shm::Gate& backend = made.segment.backends().gate(first.heritage.backends[0].row);
  const shm::Gate& listener = made.segment.listeners().gate(first.heritage.listeners[0].row);
  CHECK(backend.limit() == 8);
  CHECK(listener.limit() == 8);
  master::put_in_force(second);
  CHECK(backend.limit() == 20);
  CHECK(listener.limit() == 30);
}

TEST_CASE(
    "generation: the heritage of a slot has the slot, row and control socket, and all sockets") {
  Made made;
  const Generation third = made.make(3, nullptr, sample_heritage());
  REQUIRE(third.sockets.size() == 2);
  CHECK(third.sockets[0].all.size() == 2);

  const worker::Heritage own = third.heritage_of(1, 5, 99);
  CHECK(own.slot == 1);
  CHECK(own.row == 5);
  CHECK(own.generation == 3);
  CHECK(own.control == 99);
  CHECK(own.segment == &made.segment);
  CHECK(own.doorbell == made.wake_fds.doorbell_button());
  CHECK(own.wake_fds == made.wake_fds.wakers());
  for (std::size_t i = 0; i < 2; ++i) {
    CHECK(own.listeners[i].sockets ==
          std::vector<worker::route::ListeningSocket>{{third.sockets[i].all[0]->get(), 0},
                                                      {third.sockets[i].all[1]->get(), 1}});
  }
}

TEST_CASE("generation: sockets stay the same when the number of workers changes") {
  Made made;
  const std::uint16_t port = free_port();
  const Generation first = made.make(1, nullptr, with_port(port, 2));
  for (const auto& sockets : first.sockets) sockets.listen();
  const Generation more = made.make(2, &first, with_port(port, 3));
  REQUIRE(more.sockets[0].all.size() == 3);
  CHECK(more.sockets[0].all[0] == first.sockets[0].all[0]);
  CHECK(more.sockets[0].all[1] == first.sockets[0].all[1]);
  CHECK(listens(*more.sockets[0].all[1]));
  CHECK_FALSE(listens(*more.sockets[0].all[2]));

  const Generation fewer = made.make(3, &more, with_port(port, 2));
  REQUIRE(fewer.sockets[0].all.size() == 3);
  CHECK(fewer.heritage_of(1, 0, -1).listeners[0].sockets ==
        std::vector<worker::route::ListeningSocket>{{more.sockets[0].all[0]->get(), 0},
                                                    {more.sockets[0].all[1]->get(), 1},
                                                    {more.sockets[0].all[2]->get(), 0}});
}

TEST_CASE("generation: the change in words") {
  Made made;
  const std::uint16_t port = free_port();
  const Generation first = made.make(1, nullptr, with_port(port, 2));
  CHECK(master::describe_change(first, made.make(2, &first, with_port(port, 1))) ==
        "1 listener kept, 0 added, 0 removed, 1 worker");
  CHECK(master::describe_change(first, made.make(3, &first)) ==
        "0 listeners kept, 2 added, 1 removed, 2 workers");
}

TEST_CASE("generation: rows that no generation uses are given back, the others stay") {
  Made made;
  const Generation first = made.make(1);
  worker::Heritage fewer = sample_heritage();
  conf::Config config = *fewer.config;
  config.backends.pop_back();
  config.listeners.pop_back();
  fewer.config = std::make_shared<const conf::Config>(std::move(config));
  fewer.backends.pop_back();
  fewer.listeners.pop_back();
  const Generation second = made.make(2, &first, std::move(fewer));
  const std::uint32_t backend = first.heritage.backends[2].row;
  const std::uint32_t listener = first.heritage.listeners[1].row;
  master::retire_unused(made.segment, {&first, &second});
  CHECK(made.segment.backends().enrolled(backend));
  CHECK(made.segment.listeners().enrolled(listener));
  master::retire_unused(made.segment, {&second});
  CHECK_FALSE(made.segment.backends().enrolled(backend));
  CHECK_FALSE(made.segment.listeners().enrolled(listener));
  CHECK(made.segment.backends().enrolled(second.heritage.backends[0].row));
  CHECK(made.segment.listeners().enrolled(second.heritage.listeners[0].row));
}

TEST_CASE("generation: listen_all covers the sockets of the previous generation and the new ones") {
  Made made;
  const std::uint16_t port = free_port();
  const Generation first = made.make(1, nullptr, with_port(port, 2));
  worker::Heritage heritage = with_port(port, 2);
  conf::Config config = *heritage.config;
  config.listeners.push_back(config.listeners[0]);
  config.listeners[1].port = free_port();
  heritage.listeners.push_back(heritage.listeners[0]);
  heritage.listeners[1].addresses = {loopback(config.listeners[1].port)};
  heritage.config = std::make_shared<const conf::Config>(std::move(config));
  const Generation second = made.make(2, &first, std::move(heritage));
  REQUIRE(second.sockets.size() == 2);
  for (const bool expected : {false, true}) {
    for (const auto& sockets : second.sockets) {
      REQUIRE(sockets.all.size() == 2);
      for (const auto& socket : sockets.all) CHECK(listens(*socket) == expected);
    }
    if (!expected) master::listen_all(second, &first);
  }
  const Generation alone = made.make(3, nullptr, with_port(free_port(), 1));
  CHECK_FALSE(listens(*alone.sockets[0].all[0]));
  master::listen_all(alone, nullptr);
  CHECK(listens(*alone.sockets[0].all[0]));
}
