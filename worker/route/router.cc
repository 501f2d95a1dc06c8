// First matching service in one pass over the texts of a request: see router.h.
#include "worker/route/router.h"

#include <algorithm>

#include "conf/service.h"
#include "worker/http/normal_path.h"

namespace worker::route {

namespace {

// The texts that URL patterns are searched in. `room` is scratch memory.
template <class Visit>
void for_each_url(std::string_view path_query, std::string& room, Visit visit) {
  visit(path_query);
  const std::string_view normal = http::normal_path_query(path_query, room);
  if (normal.data() != path_query.data()) visit(normal);
}

// The texts that header patterns are searched in.
template <class Visit>
void for_each_field(std::string_view field_lines, Visit visit) {
  while (!field_lines.empty()) {
    const std::string_view line = field_lines.substr(0, field_lines.find('\r'));
    if (line.empty()) break;
    visit(line);
    field_lines.remove_prefix(std::min(line.size() + 2, field_lines.size()));
  }
}

}  // namespace

// A PatternSet numbers its patterns in the order of adding, and so does its list of uses.
void Router::Group::add(const conf::Pattern& pattern, Use use) {
  patterns.add(pattern);
  uses.push_back(use);
}

void Router::Group::compile() {
  patterns.compile();
  seen.resize(uses.size());
}

void Router::Group::forget_found() {
  for (const int hit : seen_list) seen[static_cast<std::size_t>(hit)] = false;
  seen_list.clear();
}

Router::Router(const std::vector<conf::Service>& services) : states_(services.size()) {
  for (std::uint32_t i = 0; i < services.size(); ++i) {
    std::uint32_t required = 0;
    for (const conf::Condition& condition : services[i].conditions) {
      const conf::ConditionKind& kind = conf::about(condition.kind);
      const bool is_url = kind.subject == conf::ConditionKind::Subject::path_query;
      (is_url ? url_ : fields_).add(condition.pattern, {i, kind.denies});
      if (!kind.denies) ++required;
    }
    required_.push_back(required);
    if (required == 0) unconditional_.push_back(i);
  }
  url_.compile();
  fields_.compile();
}

Router::State& Router::state(std::uint32_t service) {
  State& state = states_[service];
  if (state.round != round_) state = {round_, 0, false};
  return state;
}

void Router::note(const Use& use) {
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
  for (const int hit : hits_) {
    const auto i = static_cast<std::size_t>(hit);
    if (group.seen[i]) continue;
    group.seen[i] = true;
    group.seen_list.push_back(hit);
    note(group.uses[i]);
  }
}

std::optional<std::size_t> Router::route(std::string_view path_query,
                                         std::string_view field_lines) {
  ++round_;
  complete_.clear();
  if (!url_.uses.empty()) {
    for_each_url(path_query, normal_, [this](std::string_view text) { search(url_, text); });
    url_.forget_found();
  }
  if (!fields_.uses.empty()) {
    for_each_field(field_lines, [this](std::string_view line) { search(fields_, line); });
    fields_.forget_found();
  }
  return first_match();
}

std::optional<std::size_t> Router::first_match() {
  std::optional<std::size_t> best;
  for (const std::uint32_t service : complete_) {
    if (!state(service).denied && (!best || service < *best)) best = service;
  }
  for (const std::uint32_t service : unconditional_) {
    if (best && service > *best) break;
    if (!state(service).denied) return service;
  }
  return best;
}

Judgement judge(const conf::Service& service, std::string_view path_query,
                std::string_view field_lines) {
  for (const conf::Condition& condition : service.conditions) {
    const conf::ConditionKind& kind = conf::about(condition.kind);
    std::optional<std::string> found;
    const auto look = [&](std::string_view text) {
      if (!found && condition.pattern.search(text)) found.emplace(text);
    };
    std::string room;
    if (kind.subject == conf::ConditionKind::Subject::path_query) {
      for_each_url(path_query, room, look);
    } else {
      for_each_field(field_lines, look);
    }
    if (found.has_value() == kind.denies) return {&condition, found.value_or(std::string())};
  }
  return {};
}

}  // namespace worker::route
