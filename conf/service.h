// What a service asks of a request, and what makes a service the same service after a reload.
//
// One table names every kind of condition. The loader, the router, the check for services that no
// request can reach, and the identity of a service all go through it. So a new condition is one
// enumerator and one row here, and a row in schema.cc, and none of them can forget it.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "conf/config.h"

namespace conf {

// What a condition means: where its pattern is searched, and whether it must or must not be found.
struct ConditionKind {
  enum class Subject { path_query, field };

  Condition::Kind kind;
  std::string_view key;  // of a service in the file: "HeadRequire"
  Subject subject;       // the path with its query, or each field as "Name: value"
  bool denies;           // the pattern must not be found
  Pattern::Case letter_case;
  char mark;  // begins a line of the identity; never reused for another kind
};

// All kinds, in the order in which a service's conditions are kept.
std::span<const ConditionKind> condition_kinds();
const ConditionKind& about(Condition::Kind kind);

// Whether no request is refused by a condition, so that no later service is ever reached.
bool matches_everything(const Service& service);

// A text that is equal for two services exactly when they are the same one before and after a
// reload, so that sessions and counters go on. It holds the listener's address, the conditions and
// what tells clients apart. It leaves out the position in the file, the backends and the rest.
std::string service_identity(std::string_view listener, const Service& service);

}  // namespace conf
