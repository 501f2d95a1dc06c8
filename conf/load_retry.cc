// The key Retry of a service: see load_retry.h.
#include "conf/load_retry.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>

#include "conf/scalar.h"

namespace conf {

namespace {

constexpr auto kStatuses = std::to_array({502, 503, 504});

// 0 for a text that is no number.
int number_in(std::string_view text) {
  int number = 0;
  const char* const end = text.data() + text.size();
  return std::from_chars(text.data(), end, number).ptr == end ? number : 0;
}

void report(std::string_view name, const Section& section, const Node& item,
            Diagnostics& diagnostics) {
  diagnostics.error(item.where, "`" + std::string(name) + "` has " + describe(item) +
                                    ", expected " + expectation(*section.find(name)->key));
}

void load_causes(const Section& section, RetryPolicy& policy, Diagnostics& diagnostics) {
  if (section.find("When") == nullptr) {
    policy.statuses.assign(kStatuses.begin(), kStatuses.end());
    return;
  }
  policy.after_connect = policy.after_reset = false;
  for (const Node* item : section.items("When")) {
    const int status = number_in(item->text);
    if (equal_ignoring_case(item->text, "connect")) {
      policy.after_connect = true;
    } else if (equal_ignoring_case(item->text, "reset")) {
      policy.after_reset = true;
    } else if (std::ranges::find(kStatuses, status) != kStatuses.end()) {
      policy.statuses.push_back(status);
    } else {
      report("When", section, *item, diagnostics);
    }
  }
}

void load_methods(const Section& section, RetryPolicy& policy, Diagnostics& diagnostics) {
  using Methods = RetryPolicy::Methods;
  const auto items = section.items("Methods");
  if (section.find("Methods") == nullptr) return;
  policy.methods = Methods::listed;
  for (const Node* item : items) {
    const bool is_all = equal_ignoring_case(item->text, "all");
    if (is_all || equal_ignoring_case(item->text, "idempotent")) {
      policy.methods = is_all ? Methods::all : Methods::idempotent;
      if (items.size() == 1) continue;
      diagnostics.error(item->where, "`Methods` has " + describe(*item) + " beside others");
    } else if (is_token(item->text)) {
      policy.names.push_back({item->text, item->where});
    } else {
      report("Methods", section, *item, diagnostics);
    }
  }
}

}  // namespace

std::optional<RetryPolicy> load_retry(const Section& service, Diagnostics& diagnostics) {
  const Section::Member* const retry = service.find("Retry");
  if (retry == nullptr) return std::nullopt;
  const Section section(retry_schema(), *retry->value, diagnostics);
  RetryPolicy policy;
  policy.times = static_cast<unsigned>(section.number("Times", policy.times));
  load_causes(section, policy, diagnostics);
  load_methods(section, policy, diagnostics);
  return policy;
}

}  // namespace conf
