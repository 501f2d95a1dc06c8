// First matching service in one automaton pass: see router.h.
#include "worker/route/router.h"

#include "conf/service.h"

namespace worker::route {

Router::Router(const std::vector<conf::Service>& services) : states_(services.size()) {
  for (std::uint32_t i = 0; i < services.size(); ++i) {
    std::uint32_t required = 0;
    for (const conf::Condition& condition : services[i].conditions) {
      add(i, condition);
      if (!conf::about(condition.kind).denies) ++required;
    }
    required_.push_back(required);
    if (required == 0) unconditional_.push_back(i);
  }
  url_patterns_.compile();
  header_patterns_.compile();
  header_seen_.resize(header_uses_.size());
}

// A PatternSet numbers its patterns in the order of adding, and so does its list of uses.
void Router::add(std::uint32_t service, const conf::Condition& condition) {
  const conf::ConditionKind& kind = conf::about(condition.kind);
  switch (kind.subject) {
    case conf::ConditionKind::Subject::path_query:
      url_patterns_.add(condition.pattern);
      url_uses_.push_back({service, kind.denies});
      return;
    case conf::ConditionKind::Subject::field:
      header_patterns_.add(condition.pattern);
      header_uses_.push_back({service, kind.denies});
      return;
  }
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

std::optional<std::size_t> Router::route(std::string_view path_query,
                                         const http::HeaderList& fields) {
  ++round_;
  complete_.clear();
  if (!url_uses_.empty()) {
    hits_.clear();
    url_patterns_.search(path_query, hits_);
    for (const int hit : hits_) note(url_uses_[static_cast<std::size_t>(hit)]);
  }
  if (!header_uses_.empty()) {
    for (const http::Field& field : fields) {
      // Most fields stand in the request just as the pattern wants to see them: "Name: value".
      std::string_view line(field.name.data(), field.name.size() + 2 + field.value.size());
      const char* const value_if_canonical = field.name.data() + field.name.size() + 2;
      if (field.value.data() != value_if_canonical || value_if_canonical[-1] != ' ') {
        line_.assign(field.name).append(": ").append(field.value);
        line = line_;
      }
      hits_.clear();
      header_patterns_.search(line, hits_);
      for (const int hit : hits_) {
        const auto i = static_cast<std::size_t>(hit);
        if (header_seen_[i]) continue;  // one field is enough for a pattern
        header_seen_[i] = true;
        header_seen_list_.push_back(hit);
        note(header_uses_[i]);
      }
    }
    for (const int hit : header_seen_list_) header_seen_[static_cast<std::size_t>(hit)] = false;
    header_seen_list_.clear();
  }

  std::optional<std::size_t> best;
  for (const std::uint32_t service : complete_) {
    if (!state(service).denied && (!best || service < *best)) best = service;
  }
  for (const std::uint32_t service : unconditional_) {
    if (best && service > *best) break;
    if (state(service).denied) continue;
    return service;
  }
  return best;
}

}  // namespace worker::route
