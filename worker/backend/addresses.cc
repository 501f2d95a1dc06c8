// The addresses of one backend and their order: see addresses.h.
#include "worker/backend/addresses.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>

#include "shm/address_key.h"
namespace worker::backend {

namespace {

static_assert(shm::kMaxAddresses <= 32, "AddressOrder has a bit for each");

// The bits of a list of `count` addresses.
std::uint32_t all_of(std::size_t count) {
  return static_cast<std::uint32_t>((std::uint64_t{1} << count) - 1);
}

// The first bit of `mask` at `from` or behind it, else the first one. `mask` is not 0.
std::uint32_t first_from(std::uint32_t mask, std::uint32_t from) {
  const std::uint32_t behind = mask & ~all_of(from);
  return static_cast<std::uint32_t>(std::countr_zero(behind != 0 ? behind : mask));
}

std::uint32_t nth(std::uint32_t mask, unsigned n) {
  while (n-- != 0) mask &= mask - 1;
  return static_cast<std::uint32_t>(std::countr_zero(mask));
}

std::vector<net::SocketAddress> unpacked(
    const std::array<shm::Address, shm::kMaxAddresses>& published, std::size_t count) {
  std::vector<net::SocketAddress> all;
  for (std::size_t i = 0; i < count; ++i) {
    net::SocketAddress address;
    address.size = std::min<socklen_t>(published[i].size, sizeof published[i].bytes);
    std::memcpy(&address.storage, published[i].bytes.data(), address.size);
    all.push_back(address);
  }
  return all;
}

}  // namespace

shm::AddressKey key_of(const net::SocketAddress& address) {
  return shm::make_address_key(
      {reinterpret_cast<const char*>(&address.storage), std::size_t{address.size}});
}

AddressList::AddressList(std::vector<net::SocketAddress> addresses) : all(std::move(addresses)) {
  for (const net::SocketAddress& one : all) keys.push_back(key_of(one));
}

bool AddressList::has(shm::AddressKey key) const {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

const AddressListPtr& Addresses::list() const {
  if (!list_) load();
  return list_;
}

bool Addresses::refresh() {
  if (list_ && version() == version_) return false;
  load();
  return true;
}

std::optional<std::uint32_t> Addresses::version() const {
  if (heritage_.published == nullptr) return std::nullopt;
  return heritage_.published->version(heritage_.row);
}

// A row that is being written is read at the next use; until then the former list stays.
void Addresses::load() const {
  std::array<shm::Address, shm::kMaxAddresses> found;
  if (heritage_.published != nullptr) {
    if (const auto read = heritage_.published->read(heritage_.row, found)) {
      version_ = read->version;
      if (read->id == heritage_.id && read->count != 0) {
        list_ = std::make_shared<const AddressList>(unpacked(found, read->count));
        return;
      }
    }
  }
  if (!list_) list_ = std::make_shared<const AddressList>(heritage_.addresses);
}

AddressOrder::AddressOrder(AddressListPtr list, std::uint32_t silent, unsigned turn)
    : list_(std::move(list)), left_(all_of(list_->all.size())), silent_(silent & left_) {
  const std::uint32_t answering = left_ & ~silent_;
  const std::uint32_t among = answering != 0 ? answering : left_;
  if (among == 0) return;
  at_ = nth(among, turn % static_cast<unsigned>(std::popcount(among)));
}

std::uint32_t AddressOrder::first() const {
  const std::uint32_t answering = left_ & ~silent_;
  return first_from(answering != 0 ? answering : left_, at_);
}

const net::SocketAddress& AddressOrder::next() {
  at_ = first();
  left_ &= ~(std::uint32_t{1} << at_);
  return current();
}

shm::AddressKey AddressOrder::preferred() const {
  return list_->keys.size() < 2 ? 0 : list_->keys[first()];
}

}  // namespace worker::backend
