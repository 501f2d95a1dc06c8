// `Balance: hash`: a key chooses its backend by rendezvous hashing.
//
// Every backend gets a score from the key and from what the backend is, and the best score wins
// (Thaler and Ravishankar 1998). So a key moves only when its own backend goes, or to a backend
// that comes; the keys of a backend that goes are spread over all others. A backend without a share
// is passed over, and its keys are back when it is.
//
// Neither the order of the backends nor a random number matters. The scores are made of integers
// only, so that every machine and every build chooses alike.
#pragma once

#include <vector>

#include "worker/route/balancer.h"

namespace worker::route {

class Rendezvous final : public Balancer {
 public:
  explicit Rendezvous(std::span<const Member> members) : members_(members.begin(), members.end()) {}
  // Looks at all backends.
  std::optional<std::size_t> choose(const Candidates& candidates, const Draw& draw) override;

 private:
  std::vector<Member> members_;
};

// -log2((hash + 1) / 2^64), in units of 2^-32: 1 or more, and never more for a larger hash. It is
// made of 256 straight lines. Each is off by less than 0.4 % in its slope, and so is the part of
// the keys that a backend gets among backends of unequal weights; among equal weights nothing is
// off.
std::uint64_t minus_log2(std::uint64_t hash);

}  // namespace worker::route
