// The addresses of one backend as one worker knows them, and the order in which to try them.
//
// A list never changes. Another one takes its place when the master has published other addresses,
// and whoever still tries the addresses of the former list keeps it until then.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "shm/backend_table.h"
#include "worker/backend/heritage.h"
#include "worker/net/address.h"

namespace worker::backend {

// See shm/address_key.h.
shm::AddressKey key_of(const net::SocketAddress& address);

struct AddressList {
  explicit AddressList(std::vector<net::SocketAddress> addresses);

  bool has(shm::AddressKey key) const;

  std::vector<net::SocketAddress> all;  // at most shm::kMaxAddresses
  std::vector<shm::AddressKey> keys;    // of each
};
using AddressListPtr = std::shared_ptr<const AddressList>;

// The list that counts now. Owns it.
class Addresses {
 public:
  explicit Addresses(const BackendHeritage& heritage) : heritage_(heritage) {}

  // None while the name has not resolved.
  const AddressListPtr& list() const;
  // Takes the list that the master has published since the last call. True when there was one.
  // Otherwise it costs one atomic load.
  bool refresh();

 private:
  void load() const;
  std::optional<std::uint32_t> version() const;

  const BackendHeritage& heritage_;
  mutable AddressListPtr list_;  // made when it is first asked for
  mutable std::optional<std::uint32_t> version_;
};

// The addresses of one backend in the order in which to try them: those that answer, beginning with
// the one whose turn it is, then the others. The order does not change while they are tried,
// although the backend may get another list meanwhile, or other requests may find addresses silent.
class AddressOrder {
 public:
  AddressOrder() = default;
  // `silent`: bit i for the i-th address. Each further turn begins with the next address that
  // answers.
  AddressOrder(AddressListPtr list, std::uint32_t silent, unsigned turn);

  bool at_end() const { return left_ == 0; }
  // The address to try now. Not at the end.
  const net::SocketAddress& next();
  // The address that next() gave last.
  const net::SocketAddress& current() const { return list_->all[at_]; }
  // Which idle connection to use, before the first next(): one to this address, or to any (0).
  shm::AddressKey preferred() const;

 private:
  std::uint32_t first() const;

  AddressListPtr list_;
  std::uint32_t left_ = 0;    // not tried yet: bit i for the i-th address
  std::uint32_t silent_ = 0;  // likewise
  std::uint32_t at_ = 0;      // the address tried last, or where to begin
};

}  // namespace worker::backend
