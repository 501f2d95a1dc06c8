// See judgement.h.
#include "worker/route/judgement.h"

#include "conf/service.h"

namespace worker::route {

namespace {

constexpr std::size_t kMostShown = 8;  // items of a list

class Items {
 public:
  void add(std::string_view item) {
    if (++count_ > kMostShown) return;
    text_.append(text_.empty() ? "" : ", ").append(item);
  }
  std::string text() && {
    if (count_ > kMostShown) text_ += " and " + std::to_string(count_ - kMostShown) + " more";
    return std::move(text_);
  }

 private:
  std::string text_;
  std::size_t count_ = 0;
};

std::string named_text(const std::vector<conf::NamedPatterns>& list) {
  Items items;
  for (const conf::NamedPatterns& named : list) {
    for (const conf::Pattern& pattern : named.patterns)
      items.add(named.name + ": " + pattern.text());
  }
  return std::move(items).text();
}

std::string wanted_text(const conf::Matchers& matchers, std::string_view key) {
  Items items;
  if (key == "Host") {
    for (const conf::HostName& host : matchers.hosts) {
      items.add((host.is_wildcard ? "*." : "") + host.name);
    }
  } else if (key == "Path") {
    for (const std::string& path : matchers.paths) items.add(path);
  } else if (key == "Methods") {
    for (const conf::WantedMethod& method : matchers.methods) items.add(method.name);
  } else {
    return named_text(key == "Query" ? matchers.query : matchers.fields);
  }
  return std::move(items).text();
}

std::string searched_text(Subject& subject, std::string_view key) {
  if (key == "Host") return std::string(subject.host().empty() ? "no host" : subject.host());
  if (key == "Path") return std::string(subject.path());
  if (key == "Methods") return std::string(subject.method());
  return key == "Query" ? "the query" : "the fields";
}

std::string all_of(const conf::Matchers& matchers) {
  std::string text;
  for (const std::string_view key : {"Host", "Path", "Methods", "Query", "Header"}) {
    const std::string wanted = wanted_text(matchers, key);
    if (wanted.empty()) continue;
    text.append(text.empty() ? "" : "; ").append(key).append(" ").append(wanted);
  }
  return text;
}

Judgement judge_condition(const FailingCondition& failing, Subject& subject) {
  const conf::ConditionKind& kind = conf::about(failing.condition->kind);
  Judgement judgement{.key = kind.key,
                      .wanted = failing.condition->pattern.text(),
                      .denies = kind.denies,
                      .in = failing.found};
  if (kind.denies) return judgement;
  if (kind.subject == conf::ConditionKind::Subject::field) {
    judgement.in = "the fields";
  } else {
    for_each_url(subject, [&](std::string_view text) {
      judgement.in.append(judgement.in.empty() ? "" : " and ").append(text);
    });
  }
  return judgement;
}

}  // namespace

std::optional<FailingCondition> failing_condition(const conf::Service& service, Subject& subject) {
  for (const conf::Condition& condition : service.conditions) {
    const conf::ConditionKind& kind = conf::about(condition.kind);
    std::optional<std::string> found;
    const auto look = [&](std::string_view text) {
      if (!found && condition.pattern.search(text)) found.emplace(text);
    };
    if (kind.subject == conf::ConditionKind::Subject::path_query) {
      for_each_url(subject, look);
    } else {
      subject.for_each_line(look);
    }
    if (found.has_value() == kind.denies) return FailingCondition{&condition, found.value_or("")};
  }
  return std::nullopt;
}

Judgement judge(const conf::Service& service, Subject& subject) {
  const std::string_view key = failing_key(service.matchers, subject);
  if (!key.empty()) {
    return {.key = key,
            .wanted = wanted_text(service.matchers, key),
            .in = searched_text(subject, key)};
  }
  if (const auto failing = failing_condition(service, subject)) {
    return judge_condition(*failing, subject);
  }
  for (const conf::Matchers& unwanted : service.nots) {
    if (!failing_key(unwanted, subject).empty()) continue;
    return {.key = "Not", .wanted = all_of(unwanted), .denies = true, .in = "the request"};
  }
  return {};
}

}  // namespace worker::route
