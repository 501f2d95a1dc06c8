// First matching service in one pass over the texts of a request: see router.h.
#include "worker/route/router.h"

#include <algorithm>

#include "conf/service.h"
#include "worker/http/chars.h"
#include "worker/route/judgement.h"

namespace worker::route {

// A PatternSet numbers its patterns in the order of adding, and so does the list of uses.
void Router::Group::add(const conf::Pattern& pattern, Use use) {
  patterns.add(pattern);
  uses.push_back(use);
}

Router::Router(const std::vector<conf::Service>& services)
    : services_(services), states_(services.size()) {
  for (std::uint32_t i = 0; i < services.size(); ++i) {
    const conf::Service& service = services[i];
    const conf::Matchers& matchers = service.matchers;
    const bool is_indexed = !matchers.hosts.empty() || !matchers.paths.empty();
    is_indexed_.push_back(is_indexed);
    required_.push_back(is_indexed ? 0 : add_patterns(service, i));
    bool has_rest = !matchers.methods.empty() || !service.nots.empty();
    if (is_indexed) {
      index_.add(matchers, i);
      has_rest = has_rest || !service.conditions.empty() || !matchers.query.empty() ||
                 !matchers.fields.empty();
    } else if (required_.back() == 0) {
      unconditional_.push_back(i);
    }
    has_rest_.push_back(has_rest);
  }
  for (Group* const group : {&url_, &fields_}) group->patterns.compile();
  for (NamedGroups* const groups : {&query_, &field_values_}) {
    for (auto& [name, group] : *groups) group.patterns.compile();
  }
}

// Returns the number of requirements.
std::uint32_t Router::add_patterns(const conf::Service& service, std::uint32_t index) {
  std::uint32_t required = 0;
  for (const conf::Condition& condition : service.conditions) {
    const conf::ConditionKind& kind = conf::about(condition.kind);
    const bool is_url = kind.subject == conf::ConditionKind::Subject::path_query;
    const auto requirement = static_cast<std::uint32_t>(seen_.size());
    seen_.push_back(false);
    (is_url ? url_ : fields_).add(condition.pattern, {index, requirement, kind.denies});
    if (!kind.denies) ++required;
  }
  required += add_named(service.matchers.query, query_, index);
  return required + add_named(service.matchers.fields, field_values_, index);
}

std::uint32_t Router::add_named(const std::vector<conf::NamedPatterns>& list, NamedGroups& groups,
                                std::uint32_t index) {
  for (const conf::NamedPatterns& named : list) {
    const auto requirement = static_cast<std::uint32_t>(seen_.size());
    seen_.push_back(false);
    for (const conf::Pattern& pattern : named.patterns) {
      groups[named.name].add(pattern, {index, requirement, false});
    }
  }
  return static_cast<std::uint32_t>(list.size());
}

Router::State& Router::state(std::uint32_t service) {
  State& state = states_[service];
  if (state.round != round_) state = {round_, 0, false};
  return state;
}

void Router::note(const Use& use) {
  if (seen_[use.requirement]) return;
  seen_[use.requirement] = true;
  seen_list_.push_back(use.requirement);
  State& found = state(use.service);
  if (use.denies) {
    found.denied = true;
  } else if (++found.found == required_[use.service]) {
    complete_.push_back(use.service);
  }
}

void Router::search(Group& group, std::string_view text) {
  hits_.clear();
  group.patterns.search(text, hits_);
  for (const int hit : hits_) note(group.uses[static_cast<std::size_t>(hit)]);
}

void Router::search(NamedGroups& groups, std::string_view text) {
  const auto found = groups.find(name_);
  if (found != groups.end()) search(found->second, text);
}

void Router::search_all() {
  if (!url_.uses.empty()) {
    for_each_url(subject_, [this](std::string_view text) { search(url_, text); });
  }
  if (!fields_.uses.empty()) {
    subject_.for_each_line([this](std::string_view line) { search(fields_, line); });
  }
  if (!query_.empty()) {
    subject_.for_each_parameter([this](std::string_view name, std::string_view value) {
      name_ = name;
      search(query_, value);
    });
  }
  if (!field_values_.empty()) {
    subject_.for_each_field([this](std::string_view name, std::string_view value) {
      name_.clear();
      for (const char c : name) name_ += http::lower(c);
      search(field_values_, value);
    });
  }
  for (const std::uint32_t requirement : seen_list_) seen_[requirement] = false;
  seen_list_.clear();
}

// What neither the table nor a group has answered.
bool Router::holds(std::uint32_t service) {
  if (state(service).denied) return false;
  if (!has_rest_[service]) return true;
  const conf::Service& wanted = services_[service];
  if (is_indexed_[service]) {
    if (!failing_key_elsewhere(wanted.matchers, subject_).empty()) return false;
    if (failing_condition(wanted, subject_)) return false;
  } else if (!has_method(wanted.matchers, subject_.method())) {
    return false;
  }
  return std::ranges::none_of(wanted.nots, [this](const conf::Matchers& unwanted) {
    return failing_key(unwanted, subject_).empty();
  });
}

// `services` are in ascending order.
void Router::take_first(const std::vector<std::uint32_t>& services) {
  for (const std::uint32_t service : services) {
    if (best_ && service >= *best_) return;
    if (holds(service)) best_ = service;
  }
}

std::optional<std::size_t> Router::route(std::string_view method, std::string_view path_query,
                                         std::string_view field_lines) {
  ++round_;
  best_.reset();
  complete_.clear();
  subject_.start(method, path_query, field_lines);
  search_all();
  std::ranges::sort(complete_);
  take_first(complete_);
  if (!index_.empty()) {
    lists_.clear();
    index_.find(subject_, lists_);
    for (const ServiceIndex::Services* const list : lists_) take_first(*list);
  }
  take_first(unconditional_);
  return best_;
}

}  // namespace worker::route
