// Which backend of a service gets a request that no session binds.
//
// Pure: a choice depends on the weights, on what the caller says of the backends, on a random
// number and on the key of the request. One object serves one service in one worker. No choice
// takes a lock or allocates. A backend is known by its index in the service.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "conf/config.h"
#include "shm/backend_table.h"

namespace worker::route {

using shm::kFullShare;

// What a choice asks about the backends.
class Candidates {
 public:
  // With which part of its weight the backend may be chosen now: 0 (not at all) to kFullShare.
  virtual unsigned share(std::size_t index) const = 0;
  // How many requests it works for and how many wait for it, in all workers.
  virtual std::uint32_t load(std::size_t index) const = 0;

 protected:
  ~Candidates() = default;
};

// What a choice may depend on besides the backends.
struct Draw {
  std::uint64_t random;   // uniform over all values of its type
  std::uint64_t key = 0;  // the hash of what keeps a request on its backend; for hash alone
};

class Balancer {
 public:
  virtual ~Balancer() = default;
  // Nothing when no backend has a share. Counts for nothing but the next choices.
  virtual std::optional<std::size_t> choose(const Candidates& candidates, const Draw& draw) = 0;
};

// One backend of the service, in its order.
struct Member {
  unsigned weight;             // at least 1
  std::uint64_t identity = 0;  // the hash of what the backend is; for hash alone
};

// `random`: where the turns of roundrobin begin.
std::unique_ptr<Balancer> make_balancer(conf::Balance kind, std::span<const Member> members,
                                        std::uint64_t random);

// Maps a random number to [0, below).
inline std::uint64_t scale(std::uint64_t random, std::uint64_t below) {
  // The high half of the product is uniform with a bias below 2^-23, as `below` is a sum of at most
  // 4096 weights of 24 bits or less, and takes neither a division nor a loop.
  return static_cast<std::uint64_t>((static_cast<unsigned __int128>(random) * below) >> 64);
}

// Mixes all bits (the finalizer of SplitMix64, Steele et al. 2014). Its constants are part of how
// hash chooses: they must never change.
inline constexpr std::uint64_t mix(std::uint64_t bits) {
  bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9u;
  bits = (bits ^ (bits >> 27)) * 0x94d049bb133111ebu;
  return bits ^ (bits >> 31);
}

}  // namespace worker::route
