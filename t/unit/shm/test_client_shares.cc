#include <doctest/doctest.h>

#include <memory>

#include "shm/client_shares.h"
#include "shm/per_row.h"

using shm::ClientShares;

namespace {

struct Shares {
  std::unique_ptr<ClientShares::RowPart[]> memory =
      std::make_unique<ClientShares::RowPart[]>(shm::kMaxRows);
  ClientShares view{shm::PerRow<ClientShares::RowPart>(&memory[0], sizeof memory[0])};
};

}  // namespace

TEST_CASE("client_shares: the sum is that of all rows in use") {
  Shares made;
  ClientShares* const shares = &made.view;
  shares->add(5, 0);
  shares->add(5, 0);
  shares->add(5, 1);
  shares->add(6, 1);
  CHECK(shares->sum(5, 2) == 3);
  CHECK(shares->sum(5, 1) == 2);
  CHECK(shares->sum(6, 2) == 1);
  CHECK(shares->sum(7, shm::kMaxRows + 1) == 0);
  shares->remove(5, 0);
  CHECK(shares->sum(5, 2) == 2);
}

TEST_CASE("client_shares: the row of a dead process counts nothing") {
  Shares made;
  ClientShares* const shares = &made.view;
  shares->add(5, 0);
  shares->add(0, 1);
  shares->add(ClientShares::kBuckets - 1, 1);
  shares->release_row(1);
  CHECK(shares->sum(0, 2) == 0);
  CHECK(shares->sum(ClientShares::kBuckets - 1, 2) == 0);
  CHECK(shares->sum(5, 2) == 1);
}

TEST_CASE("client_shares: a bucket depends on the client and on the gate") {
  CHECK(ClientShares::bucket(1, 0) != ClientShares::bucket(2, 0));
  CHECK(ClientShares::bucket(1, 0) != ClientShares::bucket(1, 1));
  CHECK(ClientShares::bucket(0xffffffff, 0xffffffff) < ClientShares::kBuckets);
}

TEST_CASE("client_shares: strangers share no bucket with known clients") {
  constexpr std::uint32_t kHalf = ClientShares::kBuckets / 2;
  for (const std::uint32_t client : {0U, 1U, 4095U, 4096U, 0x7fffffffU}) {
    for (std::uint32_t gate = 0; gate < 100; ++gate) {
      const std::uint32_t known = ClientShares::bucket(client, gate);
      CHECK(known < kHalf);
      CHECK(ClientShares::bucket(client | ClientShares::kStranger, gate) == known + kHalf);
    }
  }
}
