// See choice.h. The order is that of transaction/choose.cc and backend/health.cc.
#include "worker/explain/choice.h"

#include <algorithm>
#include <span>

#include "worker/route/balancer.h"
#include "worker/route/hash_key.h"

namespace worker::explain {

namespace {

constexpr int kDraws = 64;  // find every backend that is left to chance among those of least load

class Choosing final : public route::Candidates {
 public:
  Choosing(const conf::Config& config, const std::vector<BackendState>& states)
      : config_(config), states_(states) {}

  // How Health::share sees it.
  unsigned share_of(std::size_t backend) const {
    const BackendState& state = states_[backend];
    if (state.admin == shm::AdminState::disabled) return 0;
    if (state.standing != shm::Standing::ejected) return state.share;
    return config_.backends[backend].eject && has_others(backend) ? 0 : shm::kFullShare;
  }
  unsigned share_for_new(std::size_t backend) const {
    return states_[backend].admin == shm::AdminState::enabled ? share_of(backend) : 0;
  }

  std::string why_not(std::size_t backend) const {
    const BackendState& state = states_[backend];
    if (state.admin == shm::AdminState::disabled) return "disabled";
    if (share_of(backend) == 0) return std::string(to_text(state.standing));
    return state.admin == shm::AdminState::drained ? "drained: no new clients" : "";
  }

  void look_at(const std::vector<std::size_t>& list) { list_ = &list; }
  unsigned share(std::size_t index) const override { return share_for_new((*list_)[index]); }
  std::uint32_t load(std::size_t index) const override { return states_[(*list_)[index]].load; }

 private:
  bool has_others(std::size_t backend) const {
    const auto in_use = [&](std::size_t other) {
      return other != backend && states_[other].admin == shm::AdminState::enabled &&
             states_[other].share != 0;
    };
    const auto is_safe = [&](const std::vector<std::size_t>& list) {
      return std::ranges::find(list, backend) == list.end() || std::ranges::any_of(list, in_use);
    };
    return std::ranges::all_of(config_.listeners, [&](const conf::Listener& listener) {
      return std::ranges::all_of(listener.services, [&](const conf::Service& service) {
        return is_safe(service.backends) && is_safe(service.emergency);
      });
    });
  }

  const conf::Config& config_;
  const std::vector<BackendState>& states_;
  const std::vector<std::size_t>* list_ = nullptr;
};

std::string_view way_of(conf::Balance balance) {
  switch (balance) {
    case conf::Balance::random:
      return "at random, by weight";
    case conf::Balance::least:
      return "the least load for its weight";
    case conf::Balance::two:
      return "the lesser load of two that are drawn by weight";
    case conf::Balance::roundrobin:
      return "in turn, by weight";
    case conf::Balance::hash:
      return "by the hash of its key";
  }
  return "";
}

// The indices in `list` that the balancer may choose.
std::vector<std::size_t> winners(const conf::Config& config, conf::Balance balance,
                                 const std::vector<std::size_t>& list, Choosing& choosing,
                                 std::uint64_t hash_key) {
  std::vector<std::size_t> found;
  choosing.look_at(list);
  if (balance != conf::Balance::hash && balance != conf::Balance::least) {
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (choosing.share(i) != 0) found.push_back(i);
    }
    return found;
  }
  std::vector<route::Member> members;
  const std::vector<std::string> identities = route::backend_identities(config, list);
  for (std::size_t i = 0; i < list.size(); ++i) {
    members.push_back({.weight = config.backends[list[i]].weight(),
                       .identity = route::fixed_hash(identities[i])});
  }
  const auto balancer = route::make_balancer(balance, members, 0);
  for (int draw = 1; draw <= kDraws; ++draw) {
    const auto random = route::mix(static_cast<std::uint64_t>(draw));
    const std::optional<std::size_t> one =
        balancer->choose(choosing, {.random = random, .key = hash_key});
    if (one && std::ranges::find(found, *one) == found.end()) found.push_back(*one);
  }
  return found;
}

void add_list(const conf::Config& config, const std::vector<std::size_t>& list,
              const Choosing& choosing, Choice& choice) {
  std::uint64_t sum = 0;
  for (const std::size_t i : list)
    sum += std::uint64_t{choosing.share_for_new(i)} * config.backends[i].weight();
  for (const std::size_t i : list) {
    const std::uint64_t part =
        std::uint64_t{choosing.share_for_new(i)} * config.backends[i].weight();
    choice.candidates.push_back({.backend = i,
                                 .share = choosing.share_for_new(i),
                                 .percent = sum == 0 ? 0 : static_cast<unsigned>(100 * part / sum),
                                 .may_get_it = false,
                                 .why = choosing.why_not(i)});
  }
}

}  // namespace

Choice choose(const conf::Config& config, const conf::Service& service,
              const std::vector<BackendState>& states, std::optional<std::size_t> bound,
              std::uint64_t hash_key) {
  Choosing choosing(config, states);
  Choice choice;
  add_list(config, service.backends, choosing, choice);
  if (bound && choosing.share_of(*bound) != 0) {
    choice.chosen = bound;
    choice.why = "its session is there";
    for (Candidate& one : choice.candidates) {
      one.may_get_it = one.backend == *bound;
      if (one.why.empty() && !one.may_get_it) one.why = "the session is elsewhere";
    }
    return choice;
  }
  const std::string moved = bound ? "its session leaves " + config.backends[*bound].name + " (" +
                                        choosing.why_not(*bound) + "); "
                                  : "";
  std::vector<std::size_t> found =
      winners(config, service.balance, service.backends, choosing, hash_key);
  std::size_t first = 0;  // where the list of the winners begins
  choice.why = moved + std::string(way_of(service.balance));
  if (found.empty() && !service.emergency.empty()) {
    first = choice.candidates.size();
    add_list(config, service.emergency, choosing, choice);
    found = winners(config, conf::Balance::random, service.emergency, choosing, 0);
    choice.why = moved + "none of its backends may serve; Emergency does";
  }
  for (const std::size_t i : found) choice.candidates[first + i].may_get_it = true;
  if (found.size() == 1) choice.chosen = choice.candidates[first + found.front()].backend;
  if (found.empty()) choice.why = moved + "no backend may serve";
  return choice;
}

}  // namespace worker::explain
