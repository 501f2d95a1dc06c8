// See published_addresses.h.
#include "master/published_addresses.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

#include "shm/address_key.h"

namespace master {
namespace {

std::vector<shm::Address> packed(const worker::backend::BackendHeritage& backend) {
  std::vector<shm::Address> addresses;
  for (const worker::net::SocketAddress& one : backend.addresses) {
    shm::Address address;
    if (one.size > address.bytes.size()) continue;
    address.size = one.size;
    std::memcpy(address.bytes.data(), &one.storage, one.size);
    addresses.push_back(address);
  }
  return addresses;
}

bool equal(const shm::Address& one, const shm::Address& other) {
  return one.size == other.size && one.bytes == other.bytes;
}

}  // namespace

void publish_addresses(const worker::backend::BackendHeritage& backend, shm::Segment& segment) {
  segment.backend_addresses().publish(backend.row, backend.id, packed(backend));
  forget_old_addresses(backend, segment);
}

void correct_addresses(const worker::backend::BackendHeritage& backend, shm::Segment& segment) {
  std::array<shm::Address, shm::kMaxAddresses> known;
  const auto list = segment.backend_addresses().read(backend.row, known);
  if (!list || list->id != backend.id) return;
  const std::vector<shm::Address> wanted = packed(backend);
  if (std::equal(wanted.begin(), wanted.end(), known.begin(),
                 known.begin() + static_cast<std::ptrdiff_t>(list->count), equal)) {
    return;
  }
  publish_addresses(backend, segment);
}

void forget_old_addresses(const worker::backend::BackendHeritage& backend, shm::Segment& segment) {
  std::vector<shm::AddressKey> keys;
  for (const worker::net::SocketAddress& one : backend.addresses) {
    keys.push_back(shm::make_address_key(
        {reinterpret_cast<const char*>(&one.storage), std::size_t{one.size}}));
  }
  segment.backends().forget_silent(backend.row, keys);
}

}  // namespace master
