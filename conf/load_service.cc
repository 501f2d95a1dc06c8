// The items of a listener's Services: see load_service.h.
//
// A service names a backend by an alias of an item of the top-level Backends. Any other value is
// reported with what was probably meant.
#include "conf/load_service.h"

#include <map>
#include <string>
#include <utility>

#include "conf/host_pattern.h"
#include "conf/load_access_log.h"
#include "conf/load_auth.h"
#include "conf/load_balance.h"
#include "conf/load_clients.h"
#include "conf/load_limit.h"
#include "conf/load_pages.h"
#include "conf/load_queue.h"
#include "conf/load_redirect.h"
#include "conf/load_respond.h"
#include "conf/load_retry.h"
#include "conf/load_serve.h"
#include "conf/load_session.h"
#include "conf/service.h"
#include "conf/suggest.h"

namespace conf {

std::vector<AllowedRule> load_allow(const Section& section) {
  std::vector<AllowedRule> allow;
  for (const Node* item : section.items("Allow")) allow.push_back({item->text, item->where});
  return allow;
}

Service ServiceLoader::load(const Node& node) {
  const Section section(service_schema(), node, diagnostics_);
  Service service;
  service.where = node.where;
  service.conditions = conditions_of(section);
  warn_about_hosts(section);
  const std::size_t messages = diagnostics_.all().size();
  service.session = load_session(section, diagnostics_);
  const bool is_valid = messages == diagnostics_.all().size() && !section.reported("Session");
  service.queue = load_queue(section, is_valid ? &service.session : nullptr, diagnostics_);
  service.retry = load_retry(section, diagnostics_);
  service.backends = backends_of(section, "Backends");
  service.emergency = backends_of(section, "Emergency");
  load_balance(section, service, diagnostics_);
  service.redirect = load_redirect(section, diagnostics_);
  load_serve(section, service, diagnostics_);
  service.respond = load_respond(section, diagnostics_);
  service.disabled = section.choice("Disabled", service.disabled);
  service.maintenance = load_maintenance(section, diagnostics_);
  service.error_pages = load_error_pages(section);
  service.allow = load_allow(section);
  service.clients = load_clients(section, diagnostics_);
  service.client_limits = load_client_limits(section, LimitOwner::service, diagnostics_);
  service.auth = load_auth(section, diagnostics_);
  service.access_log = load_access_log(section, diagnostics_);
  return service;
}

std::optional<Pattern> ServiceLoader::compile(const Node& node, std::string_view key,
                                              Pattern::Case letter_case) {
  if (++patterns_ > kMaxPatterns) {
    if (patterns_ == kMaxPatterns + 1) {
      diagnostics_.error(node.where,
                         "more than " + std::to_string(kMaxPatterns) + " regular expressions");
    }
    return std::nullopt;
  }
  std::string error;
  std::optional<Pattern> pattern = Pattern::compile(node.text, letter_case, error);
  if (!pattern) {
    diagnostics_.error(node.where,
                       "`" + std::string(key) + "` is not a valid regular expression: " + error);
  }
  return pattern;
}

std::vector<Condition> ServiceLoader::conditions_of(const Section& section) {
  std::vector<Condition> conditions;
  for (const ConditionKind& kind : condition_kinds()) {
    for (const Node* item : section.items(kind.key)) {
      std::optional<Pattern> pattern = compile(*item, kind.key, kind.letter_case);
      if (pattern) conditions.push_back({kind.kind, std::move(*pattern)});
    }
  }
  return conditions;
}

void ServiceLoader::warn_about_hosts(const Section& section) {
  for (const Node* item : section.items("HeadRequire")) {
    std::string warning = host_pattern_warning(item->text);
    if (!warning.empty()) diagnostics_.warning(item->where, std::move(warning));
  }
}

std::vector<std::size_t> ServiceLoader::backends_of(const Section& section, std::string_view key) {
  std::vector<std::size_t> backends;
  std::map<std::size_t, const Node*> first;
  for (const Node* item : section.items(key)) {
    if (item->is(Node::Kind::invalid)) continue;
    const auto found = index_.find(&follow(*item));
    if (found == index_.end()) {
      if (!diagnostics_.full()) report_unknown_backend(*item, key);
      continue;
    }
    const auto [entry, is_new] = first.emplace(found->second, item);
    if (is_new) {
      backends.push_back(found->second);
    } else {
      diagnostics_.error(item->where, "`*" + shown(item->text) + "` is given twice in one service");
      diagnostics_.note(entry->second->where, "it is first given here");
    }
  }
  return backends;
}

// Reports `item` of `key`, which is not an alias of a top-level backend.
void ServiceLoader::report_unknown_backend(const Node& item, std::string_view key) {
  if (item.is(Node::Kind::alias)) {
    diagnostics_.error(item.where,
                       "`*" + shown(item.text) + "` is not an item of the top-level `Backends`");
    diagnostics_.note(item.target->where, "it refers to this");
    return;
  }
  if (item.is(Node::Kind::mapping)) {
    diagnostics_.error(item.where,
                       "a backend is defined in the top-level `Backends`, with an anchor such as "
                       "`&be`, and named here by it: `*be`");
    return;
  }
  std::vector<std::string_view> names;
  if (item.is(Node::Kind::scalar)) {
    for (const Backend& backend : backends_) names.emplace_back(backend.name);
  }
  diagnostics_.error(item.where, "an item of `" + std::string(key) + "` is " + describe(item) +
                                     ", expected an alias of a backend, such as `*be`" +
                                     did_you_mean(item.text, names, "*"));
}

}  // namespace conf
