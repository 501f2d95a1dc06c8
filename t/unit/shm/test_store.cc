// What workers tell about the session store, and what the master tells them.
#include <doctest/doctest.h>

#include "shm/segment.h"

using shm::StoreCount;
using shm::StoreLink;
using shm::StoreOrder;

TEST_CASE("store state: counts of all rows, and the link of each") {
  shm::Segment segment(1024);
  shm::StoreState& store = segment.store();
  store.count(2, StoreCount::asked);
  store.count(5, StoreCount::asked);
  store.count(5, StoreCount::skipped);
  CHECK(store.sums() == shm::StoreState::Counts::Sums{2, 0, 0, 0, 0, 1});
  CHECK(store.link(5) == StoreLink::none);
  store.set_link(5, StoreLink::late);
  CHECK(store.link(5) == StoreLink::late);
  store.set_link(5, static_cast<StoreLink>(77));
  CHECK(store.link(5) == StoreLink::none);
  store.set_link(5, StoreLink::down);
  segment.release_row(5);
  CHECK(store.link(5) == StoreLink::none);
  CHECK(store.sums()[0] == 2);
}

TEST_CASE("store state: a change is told once for all workers") {
  shm::Segment segment(1024);
  CHECK(segment.store().tell(1));
  CHECK(!segment.store().tell(1));
  CHECK(segment.store().tell(2));
  CHECK(segment.store().tell(1));
}

TEST_CASE("store orders: each is read under its number, until too many have followed") {
  shm::Segment segment(1024);
  shm::StoreOrders& orders = segment.store_orders();
  CHECK(orders.last() == 0);
  CHECK(!orders.read(1));
  for (std::uint64_t i = 1; i <= shm::kStoreOrders + 1; ++i) {
    orders.add({.kind = StoreOrder::Kind::remember,
                .service = i,
                .backend = 10 * i,
                .keys = {{1, i}, {2, i}}});
    REQUIRE(orders.last() == i);
    const auto order = orders.read(i);
    REQUIRE(order);
    CHECK(order->kind == StoreOrder::Kind::remember);
    CHECK(order->service == i);
    CHECK(order->backend == 10 * i);
    CHECK(order->keys[1] == shm::SessionKey{2, i});
  }
  CHECK(!orders.read(1));
  CHECK(orders.read(2)->service == 2);
  CHECK(!orders.read(shm::kStoreOrders + 2));
}
