// A set of networks, asked for the one that an address is in: the longest prefix decides.
//
// Immutable once it is made, so that all workers share its memory after fork. Holds no networks but
// the ranges that they divide the addresses into, in order: a look-up is two binary searches, the
// first in every 32nd beginning, which stay in the processor's cache. IPv4 and IPv6 are apart, so
// ::/0 says nothing about IPv4.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "conf/network.h"
#include "worker/net/ip_address.h"

namespace worker::net {

// What a set says about an address.
enum class AddressMark : std::uint8_t {
  none,  // it is in no network of the set
  allow,
  deny,
};

class AddressSet {
 public:
  struct Entry {
    conf::Network network;
    AddressMark mark;
  };

  // In any order. Of several entries of one network the last one counts.
  explicit AddressSet(std::vector<Entry> entries);

  AddressMark find(const IpAddress& address) const;
  // For a set in which all entries have the mark `allow`.
  bool contains(const IpAddress& address) const { return find(address) == AddressMark::allow; }

 private:
  using Wide = unsigned __int128;

  // The ranges of one family. `Number` is an address.
  template <typename Number>
  struct Ranges {
    std::vector<Number> every;   // the beginning of each 32nd range
    std::vector<Number> begins;  // of all ranges, ascending; a range ends before the next
    std::vector<AddressMark> marks;

    void add(Number begin, AddressMark mark);
    void finish();
    AddressMark find(Number address) const;
  };

  template <typename Number>
  static Ranges<Number> ranges_of(const std::vector<Entry>& entries, bool is_v6);

  Ranges<std::uint32_t> v4_;
  Ranges<Wide> v6_;
};

}  // namespace worker::net
