// See service_index.h.
#include "worker/route/service_index.h"

#include <algorithm>

#include "worker/http/normal_path.h"

namespace worker::route {

void ServiceIndex::Paths::add(const std::vector<std::string>& prefixes, std::uint32_t service) {
  const auto add_to = [&](Services& services) {
    if (services.empty() || services.back() != service) services.push_back(service);
  };
  if (prefixes.empty()) add_to(any_);
  std::string scratch;
  for (const std::string& prefix : prefixes) {
    const std::string_view normal = http::normal_path_query(prefix, scratch);
    add_to(prefixes_.try_emplace(std::string(normal)).first->second);
    longest_ = std::max(longest_, normal.size());
  }
}

void ServiceIndex::Paths::find(Subject& subject, std::vector<const Services*>& lists) const {
  if (!any_.empty()) lists.push_back(&any_);
  if (prefixes_.empty()) return;
  const std::string_view path = subject.path();
  if (!path.starts_with('/')) return;
  const auto look_up = [&](std::string_view prefix) {
    const auto found = prefixes_.find(prefix);
    if (found != prefixes_.end()) lists.push_back(&found->second);
  };
  look_up("/");
  for (std::size_t end = 1; end < path.size() && end <= longest_;) {
    end = std::min(path.find('/', end), path.size());
    if (end > 1 && end <= longest_) look_up(path.substr(0, end));
    ++end;
  }
}

void ServiceIndex::add(const conf::Matchers& matchers, std::uint32_t service) {
  is_empty_ = false;
  if (matchers.hosts.empty()) any_host_.add(matchers.paths, service);
  for (const conf::HostName& host : matchers.hosts) {
    (host.is_wildcard ? wildcards_ : hosts_)[host.name].add(matchers.paths, service);
    if (host.is_wildcard) longest_wildcard_ = std::max(longest_wildcard_, host.name.size());
  }
}

void ServiceIndex::find(Subject& subject, std::vector<const Services*>& lists) const {
  any_host_.find(subject, lists);
  const auto look_up = [&](const Table<Paths>& table, std::string_view name) {
    const auto found = table.find(name);
    if (found != table.end()) found->second.find(subject, lists);
  };
  if (hosts_.empty() && wildcards_.empty()) return;
  const std::string_view host = subject.host();
  look_up(hosts_, host);
  for (std::size_t dot = host.find('.'); dot != std::string_view::npos && !wildcards_.empty();
       dot = host.find('.', dot + 1)) {
    const std::string_view suffix = host.substr(dot + 1);
    if (dot != 0 && suffix.size() <= longest_wildcard_) look_up(wildcards_, suffix);
  }
}

}  // namespace worker::route
