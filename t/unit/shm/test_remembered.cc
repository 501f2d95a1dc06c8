// Tests of shm/remembered: how long an entry counts, and which one goes when a bucket is full.
#include "shm/remembered.h"

#include <doctest/doctest.h>

#include <memory>

using shm::kRememberMs;
using shm::Remembered;

namespace {

struct Table {
  std::unique_ptr<shm::AuthMemory> memory = std::make_unique<shm::AuthMemory>();
  Remembered& operator*() const { return memory->remembered; }
  Remembered* operator->() const { return &memory->remembered; }
};

}  // namespace

TEST_CASE("remembered: an entry counts for ten minutes from its check") {
  const Table table;
  CHECK_FALSE(table->knows({1, 2}, 1000));
  table->add({1, 2}, 1000);
  CHECK(table->knows({1, 2}, 1000));
  CHECK(table->knows({1, 2}, 1000 + kRememberMs - 1));
  CHECK_FALSE(table->knows({1, 2}, 1000 + kRememberMs));
  table->add({1, 2}, 5000);
  CHECK(table->knows({1, 2}, 5000 + kRememberMs - 1));
}

TEST_CASE("remembered: both halves of a key count") {
  const Table table;
  table->add({1, 2}, 0);
  CHECK_FALSE(table->knows({1, 3}, 0));
  CHECK_FALSE(table->knows({2, 2}, 0));
}

TEST_CASE("remembered: an empty entry is nobody's") {
  const Table table;
  CHECK_FALSE(table->knows({0, 0}, 0));
  CHECK_FALSE(table->knows({0, 1}, 0));
  table->add({0, 0}, 0);
  CHECK(table->knows({0, 0}, 0));
}

TEST_CASE("remembered: a full bucket loses its oldest entry") {
  const Table table;
  for (std::uint64_t i = 1; i <= Remembered::kEntries; ++i) table->add({7, i}, i == 3 ? 5 : 10 + i);
  for (std::uint64_t i = 1; i <= Remembered::kEntries; ++i) CHECK(table->knows({7, i}, 20));
  table->add({7, 99}, 20);
  CHECK(table->knows({7, 99}, 20));
  CHECK_FALSE(table->knows({7, 3}, 20));
  for (std::uint64_t i = 1; i <= Remembered::kEntries; ++i) {
    if (i != 3) CHECK(table->knows({7, i}, 20));
  }
}

TEST_CASE("remembered: an entry that is added again takes no second place") {
  const Table table;
  for (std::uint64_t i = 1; i < Remembered::kEntries; ++i) table->add({7, i}, i);
  for (int i = 0; i < 20; ++i) table->add({7, 50}, 100);
  for (std::uint64_t i = 1; i < Remembered::kEntries; ++i) CHECK(table->knows({7, i}, 100));
}
