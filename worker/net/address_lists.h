// Makes address sets of the lists of a configuration, and reads the files that these name.
//
// For the privileged half of the start only: it opens paths. Works in steps, because a long list
// takes longer than a turn of the master's loop. Lists that say the same share one set.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>

#include "conf/address_list.h"
#include "conf/diagnostic.h"
#include "worker/net/address_set.h"
#include "worker/tls/steps.h"

namespace worker::net {

// The largest file, and the most networks in all files and items of one set.
inline constexpr std::size_t kMostAddressBytes = std::size_t{64} << 20;
inline constexpr std::size_t kMostAddresses = 1'000'000;

class AddressLists {
 public:
  explicit AddressLists(conf::Diagnostics& diagnostics) : diagnostics_(diagnostics) {}
  AddressLists(const AddressLists&) = delete;
  AddressLists& operator=(const AddressLists&) = delete;

  // Sets `made` in its last step, to null after an error or when both lists are empty. Errors: a
  // file that cannot be read, that is too large, that has no network or something else in a line;
  // too many networks; a network in both lists. All arguments must outlive the steps.
  tls::Steps load(const conf::AddressList& allow, const conf::AddressList& deny,
                  std::shared_ptr<const AddressSet>& made);

 private:
  conf::Diagnostics& diagnostics_;
  std::map<std::string, std::shared_ptr<const AddressSet>> made_;  // by the identity of the lists
};

}  // namespace worker::net
