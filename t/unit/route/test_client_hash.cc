#include <doctest/doctest.h>

#include <set>
#include <string>

#include "worker/route/client_hash.h"

using worker::route::client_hash;
using worker::route::ClientHash;

namespace {

constexpr worker::route::HashSecret kSecret = {0x0123456789abcdef, 0xfedcba9876543210};

}  // namespace

TEST_CASE("client_hash: addresses have hashes of their own, which spread over the buckets") {
  std::set<ClientHash> hashes;
  std::set<std::uint32_t> buckets;
  for (int i = 0; i < 4096; ++i) {
    const std::string ip = "10.1." + std::to_string(i / 256) + "." + std::to_string(i % 256);
    hashes.insert(client_hash(kSecret, ip));
    buckets.insert(shm::ClientShares::bucket(client_hash(kSecret, ip), 0));
  }
  CHECK(hashes.size() == 4096);
  // As many as balls that are thrown into the buckets hit: 4096 * (1 - 1/e) = 2589.
  CHECK(buckets.size() > 2400);
  CHECK(buckets.size() < 2800);
}

TEST_CASE("client_hash: an IPv6 network of 64 bits is one client") {
  CHECK(client_hash(kSecret, "2001:db8:0:1::1") == client_hash(kSecret, "2001:db8:0:1:ffff::2"));
  CHECK(client_hash(kSecret, "2001:db8:0:1::1") != client_hash(kSecret, "2001:db8:0:2::1"));
}

TEST_CASE("client_hash: the strangers of an address are another client") {
  for (const char* ip : {"192.0.2.7", "2001:db8::1"}) {
    const ClientHash known = client_hash(kSecret, ip, shm::Rank::known);
    CHECK(known == client_hash(kSecret, ip));
    CHECK(known < shm::ClientShares::kStranger);
    CHECK(client_hash(kSecret, ip, shm::Rank::stranger) == (known | shm::ClientShares::kStranger));
  }
}

TEST_CASE("client_hash: another secret gives other hashes") {
  CHECK(client_hash(kSecret, "192.0.2.7") != client_hash({1, 2}, "192.0.2.7"));
}
