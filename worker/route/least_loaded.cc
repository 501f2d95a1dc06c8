// The backend with the least load for its weight: see least_loaded.h.
#include "worker/route/least_loaded.h"

namespace worker::route {

namespace {

constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15u;

// A load for a weight. The product of a load and of another weight has 32 + 24 bits.
struct Burden {
  std::uint64_t load;
  std::uint64_t weight;

  std::uint64_t times(const Burden& other) const { return load * other.weight; }
};

// All backends but one.
class Others final : public Candidates {
 public:
  Others(const Candidates& all, std::size_t without) : all_(all), without_(without) {}
  unsigned share(std::size_t index) const override {
    return index == without_ ? 0 : all_.share(index);
  }
  std::uint32_t load(std::size_t index) const override { return all_.load(index); }

 private:
  const Candidates& all_;
  std::size_t without_;
};

}  // namespace

LeastLoaded::LeastLoaded(std::span<const Member> members) {
  for (const Member& member : members) weights_.push_back(member.weight);
}

std::optional<std::size_t> LeastLoaded::choose(const Candidates& candidates, const Draw& draw) {
  std::optional<std::size_t> best;
  Burden least{0, 0};
  std::uint64_t weight_of_equals = 0;
  std::uint64_t random = draw.random;
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    const std::uint64_t weight = weights_[i] * candidates.share(i);
    if (weight == 0) continue;
    const Burden burden{candidates.load(i), weight};
    if (!best || burden.times(least) < least.times(burden)) {
      best = i;
      least = burden;
      weight_of_equals = weight;
    } else if (burden.times(least) == least.times(burden)) {
      weight_of_equals += weight;
      if (scale(mix(random += kGolden), weight_of_equals) < weight) best = i;
    }
  }
  return best;
}

std::optional<std::size_t> BetterOfTwo::choose(const Candidates& candidates, const Draw& draw) {
  const std::optional<std::size_t> first = random_.pick(candidates, draw.random);
  if (!first) return std::nullopt;
  const std::optional<std::size_t> second =
      random_.pick(Others(candidates, *first), mix(draw.random + kGolden));
  if (!second) return first;
  const auto burden = [&](std::size_t i) {
    return Burden{candidates.load(i), random_.weight(i) * candidates.share(i)};
  };
  const Burden of_first = burden(*first);
  const Burden of_second = burden(*second);
  return of_second.times(of_first) < of_first.times(of_second) ? second : first;
}

}  // namespace worker::route
