// A hash of a client's address: see client_hash.h.
#include "worker/route/client_hash.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>
#include <string>

namespace worker::route {

ClientHash client_hash(const HashSecret& secret, std::string_view ip, shm::Rank rank) {
  std::uint64_t words[2] = {};
  if (ip.find(':') == std::string_view::npos) {
    std::memcpy(words, ip.data(), std::min(ip.size(), sizeof words));
  } else {
    in6_addr address{};
    ::inet_pton(AF_INET6, std::string(ip).c_str(), &address);
    std::memcpy(words, &address, 8);
  }
  const auto product =
      static_cast<unsigned __int128>(words[0] ^ secret[0]) * (words[1] ^ secret[1]);
  const auto folded = static_cast<std::uint64_t>(product ^ (product >> 64));
  const auto hash = static_cast<ClientHash>(folded * 0x9e3779b97f4a7c15 >> 33);
  return rank == shm::Rank::stranger ? hash | shm::ClientShares::kStranger : hash;
}

}  // namespace worker::route
