// Conditions and identity of a service: see service.h.
#include "conf/service.h"

#include <array>

namespace conf {

namespace {

using Kind = Condition::Kind;
using Subject = ConditionKind::Subject;

constexpr auto kKinds = std::to_array<ConditionKind>({
    {Kind::url, "URL", Subject::path_query, false, Pattern::Case::sensitive, 'u'},
    {Kind::head_require, "HeadRequire", Subject::field, false, Pattern::Case::insensitive, 'r'},
    {Kind::head_deny, "HeadDeny", Subject::field, true, Pattern::Case::insensitive, 'd'},
});

constexpr bool is_in_order() {
  for (std::size_t i = 0; i < kKinds.size(); ++i) {
    if (static_cast<std::size_t>(kKinds[i].kind) != i) return false;
  }
  return true;
}
static_assert(is_in_order(), "about() finds a row by the number of its kind");

// Independent of the order of the enumerators. Never change a mark: sessions would be lost.
char mark_of(SessionPolicy::Type type) {
  switch (type) {
    case SessionPolicy::Type::none:
      return '0';
    case SessionPolicy::Type::ip:
      return '1';
    case SessionPolicy::Type::basic:
      return '2';
    case SessionPolicy::Type::url:
      return '3';
    case SessionPolicy::Type::parm:
      return '4';
    case SessionPolicy::Type::cookie:
      return '5';
    case SessionPolicy::Type::header:
      return '6';
    case SessionPolicy::Type::insert:
      return '7';
  }
  return '0';
}

template <class Add>
void for_each_line(const Matchers& matchers, Add&& add) {
  for (const HostName& host : matchers.hosts) add('H', (host.is_wildcard ? "*." : "") + host.name);
  for (const std::string& path : matchers.paths) add('P', path);
  for (const WantedMethod& method : matchers.methods) add('M', method.name);
  const auto add_named = [&](char mark, const NamedPatterns& named) {
    for (const Pattern& pattern : named.patterns) add(mark, named.name + "=" + pattern.text());
  };
  for (const NamedPatterns& named : matchers.query) add_named('Q', named);
  for (const NamedPatterns& named : matchers.fields) add_named('F', named);
}

}  // namespace

std::span<const ConditionKind> condition_kinds() { return kKinds; }

const ConditionKind& about(Condition::Kind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

bool matches_everything(const Service& service) {
  return service.conditions.empty() && service.matchers.empty() && service.nots.empty();
}

std::string service_identity(std::string_view listener, const Service& service) {
  std::string text(listener);
  const auto add = [&](char mark, std::string_view line) {
    text += '\n';
    text += mark;
    text += line;
  };
  for_each_line(service.matchers, add);
  for (const Matchers& matchers : service.nots) {
    add('!', "");
    for_each_line(matchers, add);
  }
  for (const Condition& condition : service.conditions) {
    add(about(condition.kind).mark, condition.pattern.text());
  }
  add(mark_of(service.session.type), service.session.id);
  return text;
}

}  // namespace conf
