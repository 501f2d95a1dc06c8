// Accepting: how many clients a worker takes, which ones it leaves, and shortages of descriptors.
#include "worker/client/acceptor.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/eventfd.h>
#include <sys/resource.h>

#include <optional>

#include "t/unit/client/harness.h"

using namespace client_test;
using worker::client::Acceptor;
using worker::client::FairShare;

namespace {

constexpr shm::Slot kSlot = 3;
constexpr std::uint64_t kSlotBit = 1 << kSlot;

// A listening socket, its acceptor, and clients that connect to it.
struct House {
  explicit House(bool is_own = false) {
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(socket.get(), generic, size) == 0);
    REQUIRE(::getsockname(socket.get(), generic, &size) == 0);
    REQUIRE(::listen(socket.get(), 128) == 0);
    open(is_own);
  }
  void open(bool is_own, bool is_shared = false) {
    acceptor.emplace(in.context, *in.world.listener, share,
                     worker::route::ListeningSocket{socket.get(), kSlot, is_shared}, is_own);
    REQUIRE(acceptor->start());
  }
  void connect(int count = 1) {
    for (int i = 0; i < count; ++i) {
      peers.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
      REQUIRE(::connect(peers.back().get(), reinterpret_cast<sockaddr*>(&address),
                        sizeof address) == 0);
    }
  }
  // Another worker without clients: this one keeps at most two.
  void add_worker() {
    shm::WorkerTable& table = in.world.segment.workers();
    other = table.take(1, 1).value();
    table.set_state(other, shm::WorkerState::ready);
    table.beat(other, worker::net::EventLoop::now_ms());
  }
  std::size_t accepted() const { return in.clients.size(); }
  std::vector<std::string> lines() { return in.world.lines(); }

  ClientWorld in;
  worker::net::WakePair other_wake = worker::net::make_wake_pair().value();
  std::vector<int> wakes{in.world.wake_pair.waker.get(), other_wake.waker.get()};
  FairShare share{in.world.segment.workers(), in.world.row, wakes};
  UniqueFd socket{::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  sockaddr_in address{};
  shm::Row other = 0;
  std::optional<Acceptor> acceptor;
  std::vector<UniqueFd> peers;
};

// Sets the limit of descriptors until the end of the test.
struct DescriptorLimit {
  DescriptorLimit() { ::getrlimit(RLIMIT_NOFILE, &before); }
  ~DescriptorLimit() { reset(); }
  void set(int limit) const {
    const rlimit changed{static_cast<rlim_t>(limit), before.rlim_max};
    REQUIRE(::setrlimit(RLIMIT_NOFILE, &changed) == 0);
  }
  void reset() const { ::setrlimit(RLIMIT_NOFILE, &before); }
  rlimit before{};
};

int next_descriptor() { return UniqueFd(::eventfd(0, EFD_CLOEXEC)).get(); }

const std::string kListener = "listener 192.0.2.1:80: ";

}  // namespace

TEST_CASE("acceptor: a worker accepts the clients of its own slot, without Nagle's delay") {
  House house(true);
  house.connect(3);
  REQUIRE(house.in.until([&] { return house.accepted() == 3; }));
  CHECK(house.share.take_invitations() == 0);
  // The kernel gives the options of the listening socket to those that it accepts.
  int value = 0;
  socklen_t size = sizeof value;
  REQUIRE(::getsockopt(house.socket.get(), IPPROTO_TCP, TCP_NODELAY, &value, &size) == 0);
  CHECK(value != 0);
}

TEST_CASE("acceptor: the client of another slot waits until this worker is invited") {
  House house;
  house.connect(2);
  house.in.turn();
  CHECK(house.accepted() == 0);
  house.acceptor->accept_invited();
  CHECK(house.accepted() == 2);
}

TEST_CASE("acceptor: a turn accepts 32 clients and comes again for the rest") {
  House house;
  house.connect(40);
  house.acceptor->accept_all();
  CHECK(house.accepted() == 32);
  CHECK(house.share.take_invitations() == kSlotBit);
  house.acceptor->accept_all();
  CHECK(house.accepted() == 40);
  CHECK(house.share.take_invitations() == 0);
  // A worker that drains makes no appointment.
  house.in.clients.drain(ClientSet::Mode::draining_patiently);
  house.connect(32);
  house.acceptor->accept_all();
  CHECK(house.accepted() == 72);
  CHECK(house.share.take_invitations() == 0);
}

TEST_CASE("acceptor: clients beyond the share are left to the other worker, which is invited") {
  House house(true);
  house.add_worker();
  shm::WorkerTable& workers = house.in.world.segment.workers();
  house.connect(4);
  REQUIRE(house.in.until([&] { return house.accepted() == 2; }));
  CHECK(workers.take_invitations(house.other) == kSlotBit);
  house.in.turn();
  CHECK(house.accepted() == 2);
  CHECK(house.share.take_invitations() == 0);

  house.acceptor->accept_invited();
  CHECK(house.accepted() == 3);
  CHECK(workers.take_invitations(house.other) == kSlotBit);
  house.acceptor->accept_left_behind();
  CHECK(house.accepted() == 4);
  CHECK(workers.take_invitations(house.other) == 0);
}

TEST_CASE("acceptor: only clients that were left are accepted as left behind") {
  House house;
  house.connect();
  house.acceptor->accept_left_behind();
  CHECK(house.accepted() == 0);
  house.acceptor->accept_all();
  CHECK(house.accepted() == 1);
  house.connect();
  house.acceptor->accept_left_behind();
  CHECK(house.accepted() == 1);
}

TEST_CASE("acceptor: three quarters of the descriptors are for clients") {
  const DescriptorLimit limit;
  House house;
  house.connect(2);
  // The next descriptor is to be three quarters of a limit.
  std::vector<UniqueFd> burned;
  while (next_descriptor() % 3 != 0) burned.emplace_back(::eventfd(0, EFD_CLOEXEC));
  const int next = next_descriptor();
  SUBCASE("a client with the last of them is the last one for now") {
    limit.set(next / 3 * 4);
    house.open(true);
    house.acceptor->accept_all();
    CHECK(house.accepted() == 1);
    CHECK(house.lines() ==
          std::vector<std::string>{kListener +
                                   "three quarters of all descriptors are in use; new clients "
                                   "wait"});
    house.acceptor->accept_all();
    CHECK(house.accepted() == 1);
    // After a rest it tries again. It does not log a second time what is the same shortage.
    REQUIRE(house.in.until([&] { return house.accepted() == 2; }));
    CHECK(house.lines().empty());
    std::vector<std::string> lines;
    REQUIRE(house.in.until([&] { return !(lines = house.lines()).empty(); }));
    CHECK(lines == std::vector<std::string>{kListener + "new clients are accepted again"});
    // The next shortage is a new one.
    house.connect();
    REQUIRE(house.in.until([&] { return house.accepted() == 3; }));
    CHECK(house.lines().size() == 1);
  }
  SUBCASE("a client with one before them is not") {
    limit.set(next / 3 * 4 + 4);
    house.open(false);
    house.acceptor->accept_all();
    CHECK(house.accepted() == 2);
    CHECK(house.lines().empty());
  }
}

TEST_CASE("acceptor: without a descriptor clients wait, and are accepted later") {
  const DescriptorLimit limit;
  House house;
  house.connect();
  limit.set(next_descriptor());
  house.acceptor->accept_all();
  limit.reset();
  CHECK(house.accepted() == 0);
  CHECK(house.lines() == std::vector<std::string>{
                             kListener + "cannot accept: Too many open files; new clients wait"});
  house.acceptor->accept_invited();  // rests
  CHECK(house.accepted() == 0);
  SUBCASE("after a rest") {
    REQUIRE(house.in.until([&] {
      house.acceptor->accept_left_behind();
      return house.accepted() == 1;
    }));
  }
  SUBCASE("at the drain") {
    house.acceptor->drain();
    CHECK(::fcntl(house.socket.release(), F_GETFD) < 0);
    CHECK(house.accepted() == 1);
  }
  CHECK(house.lines().empty());
}

TEST_CASE("acceptor: draining accepts all clients of the queue and closes the socket") {
  const DescriptorLimit limit;
  House house(true);
  house.add_worker();
  house.connect(40);
  house.in.clients.drain(ClientSet::Mode::draining_patiently);
  limit.set(next_descriptor() + 41);  // enough, but fewer than a quarter of them would be left
  house.open(true);
  limit.reset();
  house.acceptor->drain();
  CHECK(house.accepted() == 40);
  CHECK(::fcntl(house.socket.release(), F_GETFD) < 0);
  CHECK(house.lines().empty());
  CHECK(house.in.world.segment.workers().take_invitations(house.other) == 0);
}

TEST_CASE("acceptor: invitations to a socket of one slot and to a shared one") {
  House house;
  CHECK(house.acceptor->is_meant(kSlotBit));
  CHECK(house.acceptor->is_meant(~std::uint64_t{0}));
  CHECK_FALSE(house.acceptor->is_meant(~kSlotBit));
  CHECK(house.acceptor->is_orphan(kSlotBit));
  CHECK_FALSE(house.acceptor->is_orphan(~kSlotBit));
  house.open(true, true);
  CHECK(house.acceptor->is_meant(kSlotBit));
  CHECK(house.acceptor->is_meant(~kSlotBit));
  CHECK_FALSE(house.acceptor->is_meant(0));
  CHECK_FALSE(house.acceptor->is_orphan(~std::uint64_t{0}));
}
