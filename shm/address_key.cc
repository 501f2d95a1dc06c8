// See address_key.h.
#include "shm/address_key.h"

#include <cstdint>

namespace shm {

AddressKey make_address_key(std::string_view bytes) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char byte : bytes) {
    hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3u;
  }
  return hash | 1;
}

}  // namespace shm
