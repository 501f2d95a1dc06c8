// Makes the balancer of a service: see balancer.h.
#include "worker/route/balancer.h"

#include "worker/route/least_loaded.h"
#include "worker/route/rendezvous.h"
#include "worker/route/round_robin.h"
#include "worker/route/weighted_random.h"

namespace worker::route {

std::unique_ptr<Balancer> make_balancer(conf::Balance kind, std::span<const Member> members,
                                        std::uint64_t random) {
  switch (kind) {
    case conf::Balance::random:
      break;
    case conf::Balance::least:
      return std::make_unique<LeastLoaded>(members);
    case conf::Balance::two:
      return std::make_unique<BetterOfTwo>(members);
    case conf::Balance::roundrobin:
      return std::make_unique<RoundRobin>(members, random);
    case conf::Balance::hash:
      return std::make_unique<Rendezvous>(members);
  }
  return std::make_unique<WeightedRandom>(members);
}

}  // namespace worker::route
