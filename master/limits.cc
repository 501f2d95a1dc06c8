// See limits.h.
#include "master/limits.h"

#include <algorithm>
#include <set>
#include <string>

#include "master/generation.h"
#include "master/start_error.h"

namespace master {
namespace {

using worker::route::LimitHeritage;

// Calls `visit(limit, its heritage)`.
template <class Visit>
void each_limit(const worker::Heritage& heritage, Visit visit) {
  for (std::size_t i = 0; i < heritage.listeners.size(); ++i) {
    const conf::Listener& listener = heritage.config->listeners[i];
    const worker::route::ListenerHeritage& inherited = heritage.listeners[i];
    const auto visit_all = [&](const std::vector<conf::ClientLimit>& limits,
                               const std::vector<LimitHeritage>& rows) {
      for (std::size_t k = 0; k < limits.size(); ++k) visit(limits[k], rows[k]);
    };
    visit_all(listener.client_limits, inherited.limits);
    for (std::size_t k = 0; k < listener.services.size(); ++k) {
      visit_all(listener.services[k].client_limits, inherited.service_limits[k]);
    }
  }
}

std::vector<LimitHeritage> enroll(const std::vector<conf::ClientLimit>& limits, std::uint64_t owner,
                                  shm::Segment& segment) {
  std::vector<LimitHeritage> made;
  for (const conf::ClientLimit& limit : limits) {
    const std::string clients = worker::route::key_text(limit) + " " + std::to_string(limit.mask4) +
                                " " + std::to_string(limit.mask6);
    const auto number = static_cast<std::uint32_t>(made.size());
    const shm::LimitId id = shm::make_limit_id(owner, number, clients);
    const auto row = segment.limits().enroll(id);
    if (!row) throw StartError("more than " + std::to_string(shm::kMaxLimits) + " limits");
    made.push_back({*row, id});
  }
  return made;
}

}  // namespace

void enroll_limits(worker::Heritage& heritage, shm::Segment& segment) {
  for (std::size_t i = 0; i < heritage.listeners.size(); ++i) {
    const conf::Listener& listener = heritage.config->listeners[i];
    worker::route::ListenerHeritage& made = heritage.listeners[i];
    made.limits = enroll(listener.client_limits,
                         shm::make_listener_id(listener.address, listener.port), segment);
    made.service_limits.clear();
    for (std::size_t k = 0; k < listener.services.size(); ++k) {
      made.service_limits.push_back(enroll(listener.services[k].client_limits,
                                           segment.services().id_of(made.service_rows[k]),
                                           segment));
    }
  }
}

void put_limits_in_force(const worker::Heritage& heritage, shm::Segment& segment) {
  std::uint64_t longest_us = 0;
  each_limit(heritage, [&](const conf::ClientLimit& limit, const LimitHeritage&) {
    longest_us = std::max(longest_us, worker::route::rate_of(limit).horizon_us);
  });
  segment.rates().set_longest(longest_us);
}

void retire_unused_limits(shm::Segment& segment,
                          const std::vector<const Generation*>& generations) {
  std::set<std::uint32_t> used;
  for (const Generation* generation : generations) {
    each_limit(generation->heritage, [&](const conf::ClientLimit&, const LimitHeritage& inherited) {
      used.insert(inherited.row);
    });
  }
  shm::LimitTable& table = segment.limits();
  for (std::uint32_t row = 0; row < table.size(); ++row) {
    if (table.enrolled(row) && !used.contains(row)) table.retire(row);
  }
}

}  // namespace master
