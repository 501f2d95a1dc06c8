// See reach.h.
#include "conf/reach.h"

#include <algorithm>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "conf/matching.h"
#include "conf/service.h"

namespace conf {

namespace {

// Thousands of services with one host are compared with each other only so often.
constexpr std::size_t kMostComparisons = 1'000'000;

template <class List, class Is>
bool has(const List& list, Is is) {
  return std::ranges::any_of(list, is);
}

// Whether every host of `asked` is one of `name`.
bool contains(const HostName& name, const HostName& asked) {
  return name == asked || (name.is_wildcard && is_below_host(asked.name, name.name));
}

bool conditions_follow(const std::vector<Condition>& wanted, const std::vector<Condition>& asked) {
  return std::ranges::all_of(wanted, [&](const Condition& one) {
    return has(asked, [&](const Condition& other) {
      return other.kind == one.kind && other.pattern.text() == one.pattern.text();
    });
  });
}

bool names_follow(const std::vector<NamedPatterns>& wanted,
                  const std::vector<NamedPatterns>& asked) {
  return std::ranges::all_of(wanted, [&](const NamedPatterns& one) {
    return has(asked, [&](const NamedPatterns& other) {
      return other.name == one.name &&
             std::ranges::all_of(other.patterns, [&](const Pattern& pattern) {
               return has(one.patterns,
                          [&](const Pattern& mine) { return mine.text() == pattern.text(); });
             });
    });
  });
}

// `host` is one of those that `asked` has; null: it has none.
bool matchers_follow(const Matchers& wanted, const Matchers& asked, const HostName* host) {
  if (!wanted.hosts.empty()) {
    if (host == nullptr) return false;
    if (!has(wanted.hosts, [&](const HostName& one) { return contains(one, *host); })) return false;
  }
  const auto path_follows = [&](const std::string& path) {
    return has(wanted.paths, [&](const std::string& prefix) { return is_in_path(path, prefix); });
  };
  if (!wanted.paths.empty() &&
      (asked.paths.empty() || !std::ranges::all_of(asked.paths, path_follows))) {
    return false;
  }
  const auto method_follows = [&](const WantedMethod& method) {
    return has(wanted.methods, [&](const WantedMethod& one) { return one.name == method.name; });
  };
  if (!wanted.methods.empty() &&
      (asked.methods.empty() || !std::ranges::all_of(asked.methods, method_follows))) {
    return false;
  }
  return names_follow(wanted.query, asked.query) && names_follow(wanted.fields, asked.fields);
}

// Whether every request of which `one` holds is one of which `other` holds.
bool is_within(const Matchers& one, const Matchers& other) {
  if (one.hosts.empty()) return matchers_follow(other, one, nullptr);
  return std::ranges::all_of(
      one.hosts, [&](const HostName& host) { return matchers_follow(other, one, &host); });
}

bool takes_all(const Service& earlier, const Service& later, const HostName* host) {
  if (!conditions_follow(earlier.conditions, later.conditions)) return false;
  if (!matchers_follow(earlier.matchers, later.matchers, host)) return false;
  return std::ranges::all_of(earlier.nots, [&](const Matchers& wanted) {
    return has(later.nots, [&](const Matchers& asked) { return is_within(wanted, asked); });
  });
}

bool contradicts_itself(const Service& service) {
  const bool is_denied = has(service.nots, [&](const Matchers& unwanted) {
    return is_within(service.matchers, unwanted);
  });
  return is_denied || has(service.conditions, [&](const Condition& denied) {
           return denied.kind == Condition::Kind::head_deny &&
                  has(service.conditions, [&](const Condition& wanted) {
                    return wanted.kind == Condition::Kind::head_require &&
                           wanted.pattern.text() == denied.pattern.text();
                  });
         });
}

// The services seen so far, by the hosts that they ask for.
class Earlier {
 public:
  explicit Earlier(const std::vector<Service>& services) : services_(services) {}

  void add(std::size_t index) {
    const std::vector<HostName>& hosts = services_[index].matchers.hosts;
    if (hosts.empty()) any_host_.push_back(index);
    for (const HostName& host : hosts) by_name_[host.name].push_back(index);
  }

  // The first one that takes all requests of the service with this host.
  std::optional<std::size_t> find(const Service& later, const HostName* host) {
    std::optional<std::size_t> first = find_in(any_host_, later, host);
    if (host == nullptr) return first;
    for (std::string_view name = host->name;;) {
      const auto found = by_name_.find(name);
      if (found != by_name_.end()) {
        const auto other = find_in(found->second, later, host);
        if (other && (!first || *other < *first)) first = other;
      }
      const std::size_t dot = name.find('.');
      if (dot == std::string_view::npos) return first;
      name.remove_prefix(dot + 1);
    }
  }

 private:
  std::optional<std::size_t> find_in(const std::vector<std::size_t>& list, const Service& later,
                                     const HostName* host) {
    for (const std::size_t index : list) {
      if (++comparisons_ > kMostComparisons) return std::nullopt;
      if (takes_all(services_[index], later, host)) return index;
    }
    return std::nullopt;
  }

  const std::vector<Service>& services_;
  std::vector<std::size_t> any_host_;
  std::map<std::string, std::vector<std::size_t>, std::less<>> by_name_;
  std::size_t comparisons_ = 0;
};

// The service that takes the first host's requests; nothing unless all hosts are taken.
std::optional<std::size_t> hidden_by(Earlier& earlier, const Service& service) {
  if (service.matchers.hosts.empty()) return earlier.find(service, nullptr);
  std::optional<std::size_t> first;
  for (const HostName& host : service.matchers.hosts) {
    const auto found = earlier.find(service, &host);
    if (!found) return std::nullopt;
    if (!first) first = found;
  }
  return first;
}

}  // namespace

std::vector<Unreachable> unreachable_services(const std::vector<Service>& services) {
  std::vector<Unreachable> found;
  Earlier earlier(services);
  for (std::size_t i = 0; i < services.size(); ++i) {
    if (!services[i].is_whole) continue;  // what it asks is not known
    if (matches_everything(services[i])) break;
    if (contradicts_itself(services[i])) {
      found.push_back({i, std::nullopt});
    } else if (const auto other = hidden_by(earlier, services[i])) {
      found.push_back({i, *other});
    }
    earlier.add(i);
  }
  return found;
}

}  // namespace conf
