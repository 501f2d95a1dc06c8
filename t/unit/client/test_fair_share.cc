// Which worker keeps a new client, and which one it is left to, by the numbers in the segment.
#include <doctest/doctest.h>

#include <cstdint>
#include <vector>

#include "shm/segment.h"
#include "worker/client/fair_share.h"
#include "worker/net/wake.h"

namespace {

constexpr std::uint64_t kNow = 10'000;
constexpr std::uint32_t kNoLimit = UINT32_MAX;

// Ready workers of one generation in slots 0, 1, …; the worker under test has row 0.
struct Fixture {
  explicit Fixture(unsigned count) {
    for (shm::Slot slot = 0; slot < count; ++slot) {
      pairs.push_back(worker::net::make_wake_pair().value());
      wake_fds.push_back(pairs.back().waker.get());
      const shm::Row row = table().take(slot, 1).value();
      table().set_state(row, shm::WorkerState::ready);
      table().beat(row, kNow);
    }
  }
  shm::WorkerTable& table() { return segment.workers(); }
  void serve(shm::Row row, int requests) {
    for (int i = 0; i < requests; ++i) table().count_request(row);
  }
  bool was_notified(shm::Row row) {
    return worker::net::clear_wakes(pairs[row].sleeper.get()) != 0;
  }

  shm::Segment segment;
  std::vector<worker::net::WakePair> pairs;
  std::vector<int> wake_fds;
};

}  // namespace

TEST_CASE("fair_share: the only worker keeps all its clients") {
  Fixture fixture(1);
  const worker::client::FairShare share(fixture.table(), 0, fixture.wake_fds);
  CHECK(share.threshold(kNow).most_clients == kNoLimit);
}

TEST_CASE(
    "fair_share: beyond a quarter and one more, a new client is for the worker with the fewest") {
  Fixture fixture(4);
  const worker::client::FairShare share(fixture.table(), 0, fixture.wake_fds);
  CHECK(share.threshold(kNow).most_clients == 1);
  fixture.table().set_clients(1, 17);
  fixture.table().set_clients(2, 8);
  fixture.table().set_clients(3, 9);
  CHECK(share.threshold(kNow).most_clients == 8 + 2 + 1);
  CHECK(share.threshold(kNow).row == 2);
}

TEST_CASE(
    "fair_share: a worker that is not ready, hangs or has another generation gets no clients") {
  Fixture fixture(2);
  const worker::client::FairShare share(fixture.table(), 0, fixture.wake_fds);
  SUBCASE("starting") { fixture.table().set_state(1, shm::WorkerState::starting); }
  SUBCASE("draining") { fixture.table().set_state(1, shm::WorkerState::draining); }
  SUBCASE("gone") { fixture.table().free(1); }
  SUBCASE("hanging") { fixture.table().beat(1, kNow - 1001); }
  SUBCASE("newer") {
    fixture.table().free(1);
    fixture.table().set_state(fixture.table().take(1, 2).value(), shm::WorkerState::ready);
    fixture.table().beat(1, kNow);
  }
  CHECK(share.threshold(kNow).most_clients == kNoLimit);
}

TEST_CASE("fair_share: a worker whose loop turned a second ago does not count as hanging") {
  Fixture fixture(2);
  fixture.table().beat(1, kNow - 1000);
  CHECK(worker::client::FairShare(fixture.table(), 0, fixture.wake_fds).threshold(kNow).row == 1);
}

TEST_CASE("fair_share: a worker with a clearly higher request rate gets no clients") {
  Fixture fixture(2);
  fixture.serve(1, 5000);  // before the first tick: does not count
  fixture.table().set_clients(0, 100);
  worker::client::FairShare share(fixture.table(), 0, fixture.wake_fds);
  CHECK(share.threshold(kNow).most_clients == 1);
  for (int i = 0; i < 20; ++i) {
    fixture.serve(0, 100);
    fixture.serve(1, 200);
    share.tick(0);
  }
  CHECK(share.threshold(kNow).most_clients == kNoLimit);
  for (int i = 0; i < 40; ++i) {
    fixture.serve(0, 100);
    fixture.serve(1, 105);
    share.tick(0);
  }
  CHECK(share.threshold(kNow).most_clients == 1);
}

TEST_CASE("fair_share: no client is left to others while most clients leave within a tick") {
  Fixture fixture(2);
  worker::client::FairShare share(fixture.table(), 0, fixture.wake_fds);
  fixture.table().set_clients(0, 20);
  share.tick(20);
  CHECK(share.threshold(kNow).most_clients == 1);
  share.tick(41);
  CHECK(share.threshold(kNow).most_clients == kNoLimit);
  share.tick(41);
  CHECK(share.threshold(kNow).most_clients == 1);
}

TEST_CASE("fair_share: an invitation notifies the other worker, which gets all slots at once") {
  Fixture fixture(3);
  worker::client::FairShare host(fixture.table(), 0, fixture.wake_fds);
  worker::client::FairShare guest(fixture.table(), 2, fixture.wake_fds);
  CHECK(guest.take_invitations() == 0);
  host.invite(2, 0);
  host.invite(2, 1);
  CHECK(fixture.was_notified(2));
  CHECK_FALSE(fixture.was_notified(1));
  CHECK(guest.take_invitations() == 0b11);
  CHECK(guest.take_invitations() == 0);
}

TEST_CASE("fair_share: a slot without a worker that accepts or starts is an orphan") {
  Fixture fixture(4);
  const worker::client::FairShare share(fixture.table(), 0, fixture.wake_fds);
  CHECK(share.orphans(4, kNow) == 0);
  fixture.table().free(1);
  fixture.table().set_state(2, shm::WorkerState::draining);
  fixture.table().beat(3, kNow - 1001);
  CHECK(share.orphans(4, kNow) == 0b1110);
  const shm::Row row = fixture.table().take(1, 1).value();
  CHECK(fixture.table().info(row).state == shm::WorkerState::starting);
  CHECK(share.orphans(4, kNow) == 0b1100);
}
