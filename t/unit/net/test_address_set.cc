// Tests of net/address_set: the longest prefix decides, and nothing else does.
#include "worker/net/address_set.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>

using worker::net::AddressMark;
using worker::net::AddressSet;
using worker::net::IpAddress;

namespace {

conf::Network network(std::string_view text) {
  std::string error;
  const auto found = conf::parse_network(text, error);
  REQUIRE_MESSAGE(found, error);
  return *found;
}

// "+192.0.2.0/24" is allowed, "-192.0.2.0/24" denied.
AddressSet set_of(std::initializer_list<std::string_view> texts) {
  std::vector<AddressSet::Entry> entries;
  for (const std::string_view text : texts) {
    const AddressMark mark = text.front() == '+' ? AddressMark::allow : AddressMark::deny;
    entries.push_back({network(text.substr(1)), mark});
  }
  return AddressSet(std::move(entries));
}

char mark(const AddressSet& set, std::string_view address) {
  const auto found = conf::parse_ip(address);
  REQUIRE(found);
  return "0+-"[static_cast<int>(set.find(*found))];
}

bool covers(const conf::Network& network, IpAddress address) {
  if (network.address.is_v6 != address.is_v6) return false;
  const unsigned spare = (address.is_v6 ? 128 : 32) - network.bits;
  using Wide = unsigned __int128;
  if (spare == 128) return true;
  const Wide a = static_cast<Wide>(address.high) << 64 | address.low;
  const Wide b = static_cast<Wide>(network.address.high) << 64 | network.address.low;
  return a >> spare == b >> spare;
}

// The same question, answered by looking at each entry.
AddressMark slow_find(const std::vector<AddressSet::Entry>& entries, const IpAddress& address) {
  int best = -1;
  AddressMark mark = AddressMark::none;
  for (const AddressSet::Entry& entry : entries) {
    const int bits = static_cast<int>(entry.network.bits);
    if (bits < best || !covers(entry.network, address)) continue;
    best = bits;
    mark = entry.mark;
  }
  return mark;
}

}  // namespace

TEST_CASE("address_set: an empty set has nobody") {
  const AddressSet set({});
  CHECK(mark(set, "0.0.0.0") == '0');
  CHECK(mark(set, "::") == '0');
}

TEST_CASE("address_set: the ends of a network") {
  const AddressSet set = set_of({"+192.0.2.0/24", "+198.51.100.7", "+2001:db8::/32"});
  CHECK(mark(set, "192.0.1.255") == '0');
  CHECK(mark(set, "192.0.2.0") == '+');
  CHECK(mark(set, "192.0.2.255") == '+');
  CHECK(mark(set, "192.0.3.0") == '0');
  CHECK(mark(set, "198.51.100.6") == '0');
  CHECK(mark(set, "198.51.100.7") == '+');
  CHECK(mark(set, "198.51.100.8") == '0');
  CHECK(mark(set, "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff") == '0');
  CHECK(mark(set, "2001:db8::") == '+');
  CHECK(mark(set, "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff") == '+');
  CHECK(mark(set, "2001:db9::") == '0');
  CHECK(mark(set, "::ffff:192.0.2.1") == '+');
}

TEST_CASE("address_set: the first and the last address") {
  const AddressSet all = set_of({"+0.0.0.0/0", "-::/0"});
  CHECK(mark(all, "0.0.0.0") == '+');
  CHECK(mark(all, "255.255.255.255") == '+');
  CHECK(mark(all, "::") == '-');
  CHECK(mark(all, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff") == '-');
  CHECK(mark(all, "::ffff:1.2.3.4") == '+');
  const AddressSet last = set_of({"+255.255.255.255", "-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"});
  CHECK(mark(last, "255.255.255.254") == '0');
  CHECK(mark(last, "255.255.255.255") == '+');
  CHECK(mark(last, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe") == '0');
  CHECK(mark(last, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff") == '-');
}

TEST_CASE("address_set: the longest prefix decides, in any order") {
  const AddressSet set = set_of(
      {"+10.1.1.1", "-10.0.0.0/8", "+10.1.0.0/16", "-10.1.1.0/24", "+10.255.255.255", "-10.1.0.0"});
  CHECK(mark(set, "9.255.255.255") == '0');
  CHECK(mark(set, "10.0.0.0") == '-');
  CHECK(mark(set, "10.1.0.0") == '-');
  CHECK(mark(set, "10.1.0.1") == '+');
  CHECK(mark(set, "10.1.1.0") == '-');
  CHECK(mark(set, "10.1.1.1") == '+');
  CHECK(mark(set, "10.1.1.2") == '-');
  CHECK(mark(set, "10.1.2.0") == '+');
  CHECK(mark(set, "10.2.0.0") == '-');
  CHECK(mark(set, "10.255.255.255") == '+');
  CHECK(mark(set, "11.0.0.0") == '0');
}

TEST_CASE("address_set: networks that touch, and one that is there twice") {
  const AddressSet set =
      set_of({"+192.0.2.0/25", "+192.0.2.128/25", "-192.0.3.0/24", "-10.0.0.1", "-10.0.0.1"});
  CHECK(mark(set, "192.0.2.127") == '+');
  CHECK(mark(set, "192.0.2.128") == '+');
  CHECK(mark(set, "192.0.2.255") == '+');
  CHECK(mark(set, "192.0.3.0") == '-');
  CHECK(mark(set, "10.0.0.1") == '-');
}

TEST_CASE("address_set: agrees with a search through all networks") {
  std::mt19937_64 random(20240601);
  for (const unsigned size : {1, 2, 31, 32, 33, 64, 65, 700}) {
    std::vector<AddressSet::Entry> entries;
    std::vector<IpAddress> asked;
    for (unsigned i = 0; i < size; ++i) {
      const bool is_v6 = random() % 2 == 0;
      // Few different bits, so that networks are often within each other.
      IpAddress address = is_v6 ? IpAddress{random() & 0x3000000000000003, random() & 7, true}
                                : IpAddress{0, random() & 0x30000007, false};
      const unsigned bits = static_cast<unsigned>(random() % (is_v6 ? 129 : 33));
      std::string error;
      const std::string text = conf::ip_text(address) + "/" + std::to_string(bits);
      auto made = conf::parse_network(text, error);
      if (!made) made = conf::parse_network(error.substr(error.rfind(' ') + 1), error);
      REQUIRE(made);
      const bool is_there = std::any_of(entries.begin(), entries.end(),
                                        [&](const auto& entry) { return entry.network == *made; });
      if (is_there) continue;
      entries.push_back({*made, random() % 2 == 0 ? AddressMark::allow : AddressMark::deny});
      for (const std::uint64_t step : {0ull, 1ull, ~0ull}) {
        IpAddress next = made->address;
        next.low = is_v6 ? next.low + step : (next.low + step) & 0xffffffff;
        asked.push_back(next);
        next.high = is_v6 ? next.high + step : 0;
        asked.push_back(next);
      }
    }
    const AddressSet set(entries);
    for (const IpAddress& address : asked) {
      CHECK_MESSAGE(set.find(address) == slow_find(entries, address), conf::ip_text(address));
    }
  }
}
