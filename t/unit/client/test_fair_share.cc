// Which worker takes a new client, by the numbers in the segment.
#include <doctest/doctest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cstdint>
#include <vector>

#include "shm/segment.h"
#include "worker/client/fair_share.h"
#include "worker/net/unique_fd.h"

namespace {

constexpr std::uint64_t kNow = 10'000;
constexpr std::uint32_t kNoLimit = UINT32_MAX;

// Ready workers of one generation in slots 0, 1, …. The test drives the worker in row 0.
struct House {
  explicit House(unsigned count) {
    for (shm::Slot slot = 0; slot < count; ++slot) {
      wakes.emplace_back(::eventfd(0, EFD_NONBLOCK));
      wake_fds.push_back(wakes.back().get());
      const shm::Row row = table().take(slot, 1).value();
      table().set_state(row, shm::WorkerState::ready);
      table().beat(row, kNow);
    }
  }
  shm::WorkerTable& table() { return segment.workers(); }
  void serve(shm::Row row, int requests) {
    for (int i = 0; i < requests; ++i) table().count_request(row);
  }
  bool was_woken(shm::Row row) {
    std::uint64_t count = 0;
    return ::read(wake_fds[row], &count, sizeof count) == sizeof count;
  }

  shm::Segment segment;
  std::vector<worker::net::UniqueFd> wakes;
  std::vector<int> wake_fds;
};

}  // namespace

TEST_CASE("a worker alone keeps all its clients") {
  House house(1);
  const worker::client::FairShare share(house.table(), 0, house.wake_fds);
  CHECK(share.judge(kNow).clients == kNoLimit);
}

TEST_CASE("a new client is for the worker with the fewest, with a margin of a quarter and one") {
  House house(4);
  const worker::client::FairShare share(house.table(), 0, house.wake_fds);
  CHECK(share.judge(kNow).clients == 1);
  house.table().set_clients(1, 17);
  house.table().set_clients(2, 8);
  house.table().set_clients(3, 9);
  CHECK(share.judge(kNow).clients == 8 + 2 + 1);
  CHECK(share.judge(kNow).row == 2);
}

TEST_CASE("a worker that does not serve, hangs or has another generation gets no client") {
  House house(2);
  const worker::client::FairShare share(house.table(), 0, house.wake_fds);
  SUBCASE("starting") { house.table().set_state(1, shm::WorkerState::starting); }
  SUBCASE("draining") { house.table().set_state(1, shm::WorkerState::draining); }
  SUBCASE("gone") { house.table().free(1); }
  SUBCASE("hanging") { house.table().beat(1, kNow - 1001); }
  SUBCASE("newer") {
    house.table().free(1);
    house.table().set_state(house.table().take(1, 2).value(), shm::WorkerState::ready);
    house.table().beat(1, kNow);
  }
  CHECK(share.judge(kNow).clients == kNoLimit);
}

TEST_CASE("a loop that turned a second ago does not hang") {
  House house(2);
  house.table().beat(1, kNow - 1000);
  CHECK(worker::client::FairShare(house.table(), 0, house.wake_fds).judge(kNow).row == 1);
}

TEST_CASE("a worker that serves clearly more requests gets no client, even if it has few") {
  House house(2);
  house.serve(1, 5000);  // too long ago to count
  house.table().set_clients(0, 100);
  worker::client::FairShare share(house.table(), 0, house.wake_fds);
  CHECK(share.judge(kNow).clients == 1);
  for (int i = 0; i < 20; ++i) {
    house.serve(0, 100);
    house.serve(1, 200);
    share.tick(0);
  }
  CHECK(share.judge(kNow).clients == kNoLimit);
  for (int i = 0; i < 40; ++i) {
    house.serve(0, 100);
    house.serve(1, 105);
    share.tick(0);
  }
  CHECK(share.judge(kNow).clients == 1);
}

TEST_CASE("clients that leave as fast as they come are not moved") {
  House house(2);
  worker::client::FairShare share(house.table(), 0, house.wake_fds);
  house.table().set_clients(0, 20);
  share.tick(20);
  CHECK(share.judge(kNow).clients == 1);
  share.tick(41);
  CHECK(share.judge(kNow).clients == kNoLimit);
  share.tick(41);
  CHECK(share.judge(kNow).clients == 1);
}

TEST_CASE("an invitation wakes the other worker, which gets all invited slots at once") {
  House house(3);
  worker::client::FairShare host(house.table(), 0, house.wake_fds);
  worker::client::FairShare guest(house.table(), 2, house.wake_fds);
  CHECK(guest.take_invitations() == 0);
  host.invite(2, 0);
  host.invite(2, 1);
  CHECK(house.was_woken(2));
  CHECK_FALSE(house.was_woken(1));
  CHECK(guest.take_invitations() == 0b11);
  CHECK(guest.take_invitations() == 0);
}

TEST_CASE("a slot whose process does not accept is an orphan") {
  House house(4);
  const worker::client::FairShare share(house.table(), 0, house.wake_fds);
  CHECK(share.orphans(4, kNow) == 0);
  house.table().free(1);
  house.table().set_state(2, shm::WorkerState::draining);
  house.table().beat(3, kNow - 1001);
  CHECK(share.orphans(4, kNow) == 0b1110);
  const shm::Row row = house.table().take(1, 1).value();
  CHECK(house.table().info(row).state == shm::WorkerState::starting);
  CHECK(share.orphans(4, kNow) == 0b1100);
}
