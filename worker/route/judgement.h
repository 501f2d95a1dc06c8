// Asks the conditions of one service one by one. So an operator learns why the service does not
// take a request.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "conf/config.h"
#include "worker/route/subject.h"

namespace worker::route {

// The texts that URL patterns are searched in.
template <class Visit>
void for_each_url(Subject& subject, Visit&& visit) {
  visit(subject.received());
  const std::string_view normal = subject.normal();
  if (normal.data() != subject.received().data()) visit(normal);
}

// The first of URL, HeadRequire and HeadDeny that does not hold, and the text that has its pattern
// where it denies.
struct FailingCondition {
  const conf::Condition* condition;
  std::string found;
};
std::optional<FailingCondition> failing_condition(const conf::Service& service, Subject& subject);

// The first condition that does not hold.
struct Judgement {
  std::string_view key = {};  // "HeadRequire"; empty: all of them hold
  std::string wanted = {};    // the pattern, or what else stands under the key
  bool denies = false;        // it was found, but should not be
  std::string in = {};        // where it was found or not found
  bool holds() const { return key.empty(); }
};

// Asks the same as Router::route, one after the other: the matchers, URL, HeadRequire, HeadDeny,
// Not.
Judgement judge(const conf::Service& service, Subject& subject);

}  // namespace worker::route
