// Ids: the same thing has the same id, different things different ones.
#include <doctest/doctest.h>

#include <set>
#include <string>

#include "shm/ids.h"

using shm::make_backend_id;
using shm::make_listener_id;

TEST_CASE("an id is made of what the thing is, and stays the same over versions") {
  CHECK(make_backend_id("be0", "10.0.0.1", 80, 0) == make_backend_id("be0", "10.0.0.1", 80, 0));
  CHECK(make_listener_id("0.0.0.0", 80) == make_listener_id("0.0.0.0", 80));
}

TEST_CASE("every part of the description counts") {
  const std::set<std::uint64_t> ids{
      make_backend_id("be0", "10.0.0.1", 80, 0), make_backend_id("be1", "10.0.0.1", 80, 0),
      make_backend_id("be0", "10.0.0.2", 80, 0), make_backend_id("be0", "10.0.0.1", 81, 0),
      make_backend_id("be0", "10.0.0.1", 80, 1), make_listener_id("10.0.0.1", 80),
      make_listener_id("10.0.0.1", 81),          make_listener_id("10.0.0.2", 80)};
  CHECK(ids.size() == 8);
}

TEST_CASE("parts do not run into each other") {
  CHECK(make_backend_id("ab", "c", 80, 0) != make_backend_id("a", "bc", 80, 0));
  CHECK(make_backend_id("", "abc", 80, 0) != make_backend_id("abc", "", 80, 0));
}

TEST_CASE("no two of many neighbours collide, and none is 0") {
  std::set<std::uint64_t> ids;
  for (unsigned i = 0; i < 20'000; ++i) {
    ids.insert(make_backend_id("be" + std::to_string(i), "10.0.0.1", 80, 0));
  }
  CHECK(ids.size() == 20'000);
  CHECK(ids.count(0) == 0);
}

TEST_CASE("a service's id tells twins apart, and services from all else") {
  CHECK(shm::make_service_id("a", 0) == shm::make_service_id("a", 0));
  CHECK(shm::make_service_id("a", 0) != shm::make_service_id("a", 1));
  CHECK(shm::make_service_id("a", 0) != shm::make_service_id("b", 0));
  CHECK(shm::make_service_id("a", 0) != shm::make_listener_id("a", 0));
}
