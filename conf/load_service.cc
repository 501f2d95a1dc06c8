// The items of a listener's Services: see load_service.h.
//
// A service names a backend by an alias of an item of the top-level Backends. Any other value is
// reported with what was probably meant.
#include "conf/load_service.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "conf/host_pattern.h"
#include "conf/load_access_log.h"
#include "conf/load_auth.h"
#include "conf/load_balance.h"
#include "conf/load_clients.h"
#include "conf/load_compress.h"
#include "conf/load_edits.h"
#include "conf/load_limit.h"
#include "conf/load_matchers.h"
#include "conf/load_pages.h"
#include "conf/load_queue.h"
#include "conf/load_redirect.h"
#include "conf/load_respond.h"
#include "conf/load_retry.h"
#include "conf/load_serve.h"
#include "conf/load_session.h"
#include "conf/load_template.h"
#include "conf/never_matches.h"
#include "conf/service.h"
#include "conf/suggest.h"

namespace conf {

namespace {

constexpr std::array kRewriteVariables{Variable::host, Variable::path, Variable::client,
                                       Variable::proto};

}  // namespace

std::vector<AllowedRule> load_allow(const Section& section) {
  std::vector<AllowedRule> allow;
  for (const Node* item : section.items("Allow")) allow.push_back({item->text, item->where});
  return allow;
}

const Service& ServiceLoader::load(const Node& node) {
  const auto found = loaded_.find(&node);
  if (found != loaded_.end()) return found->second;
  return loaded_.emplace(&node, read(node)).first->second;
}

void ServiceLoader::check_unused(bool is_whole) {
  std::vector<Position> unused;
  for (const Node* item : global_) {
    if (!loaded_.contains(item)) unused.push_back(load(*item).where);
  }
  if (!is_whole) return;
  for (const Position& where : unused) {
    diagnostics_.warning(Lint::unused_service, where, "no listener uses this service");
  }
}

Service ServiceLoader::read(const Node& node) {
  const std::size_t errors = diagnostics_.errors();
  const Section section(service_schema(), node, diagnostics_);
  Service service;
  service.where = node.where;
  service.conditions = conditions_of(section);
  const CompilePattern compile_pattern = [this](const Node& item, std::string_view key,
                                                Pattern::Case letter_case) {
    return compile(item, key, letter_case);
  };
  service.matchers = load_matchers(section, compile_pattern, diagnostics_);
  service.nots = load_nots(section, compile_pattern, diagnostics_);
  warn_about_hosts(section);
  const std::size_t messages = diagnostics_.all().size();
  service.session = load_session(section, diagnostics_);
  const bool is_valid = messages == diagnostics_.all().size() && !section.reported("Session");
  service.queue = load_queue(section, is_valid ? &service.session : nullptr, diagnostics_);
  service.retry = load_retry(section, diagnostics_);
  service.backends = backends_of(section, "Backends");
  service.emergency = backends_of(section, "Emergency");
  if (const Section::Member* member = section.find("Backends")) {
    service.backends_where = member->written->where;
  }
  load_balance(section, service, diagnostics_);
  service.redirect = load_redirect(section, diagnostics_);
  load_serve(section, service, diagnostics_);
  service.edits = load_edits(section, diagnostics_);
  service.rewrites = rewrites_of(section);
  service.respond = load_respond(section, diagnostics_);
  service.disabled = section.choice("Disabled", service.disabled);
  service.maintenance = load_maintenance(section, diagnostics_);
  service.error_pages = load_error_pages(section);
  service.allow = load_allow(section);
  service.clients = load_clients(section, diagnostics_);
  service.client_limits = load_client_limits(section, LimitOwner::service, diagnostics_);
  service.auth = load_auth(section, diagnostics_);
  service.access_log = load_access_log(section, diagnostics_);
  service.compress = load_compress(section, diagnostics_);
  service.is_whole = diagnostics_.errors() == errors && patterns_ <= kMaxPatterns;
  return service;
}

// False when there are too many, which is reported once.
bool ServiceLoader::count_pattern(const Node& node) {
  if (++patterns_ == kMaxPatterns + 1) {
    diagnostics_.error(node.where,
                       "more than " + std::to_string(kMaxPatterns) + " regular expressions");
  }
  return patterns_ <= kMaxPatterns;
}

std::optional<Pattern> ServiceLoader::compile(const Node& node, std::string_view key,
                                              Pattern::Case letter_case) {
  if (!count_pattern(node)) return std::nullopt;
  std::string error;
  std::optional<Pattern> pattern = Pattern::compile(node.text, letter_case, error);
  if (!pattern) {
    diagnostics_.error(
        node.where,
        "`" + std::string(key) + "` is not a valid regular expression: " + fault_in(node, error));
  }
  return pattern;
}

std::vector<Condition> ServiceLoader::conditions_of(const Section& section) {
  std::vector<Condition> conditions;
  for (const ConditionKind& kind : condition_kinds()) {
    for (const Node* item : section.items(kind.key)) {
      std::optional<Pattern> pattern = compile(*item, kind.key, kind.letter_case);
      if (!pattern) continue;
      warn_if_never_matched(*item, kind.kind);
      conditions.push_back({kind.kind, std::move(*pattern)});
    }
  }
  return conditions;
}

std::vector<Rewrite> ServiceLoader::rewrites_of(const Section& section) {
  std::vector<Rewrite> rewrites;
  for (const Node* item : section.items("Rewrite")) {
    if (std::optional<Rewrite> rewrite = load_rewrite(*item)) {
      rewrites.push_back(std::move(*rewrite));
    }
  }
  return rewrites;
}

std::optional<Rewrite> ServiceLoader::load_rewrite(const Node& node) {
  const Section section(rewrite_schema(), node, diagnostics_);
  const Section::Member* const from = section.find("From");
  const Section::Member* const to = section.find("To");
  if (from == nullptr || to == nullptr || !count_pattern(*from->value)) return std::nullopt;
  std::string error;
  std::optional<CapturePattern> pattern = CapturePattern::compile(from->value->text, error);
  if (!pattern) {
    diagnostics_.error(from->value->where, "`From` is not a valid regular expression: " +
                                               fault_in(*from->value, error));
    return std::nullopt;
  }
  const auto most = static_cast<unsigned>(CapturePattern::kMostGroups);
  std::optional<Template> text = parse_template(
      to->value->text, {.names = kRewriteVariables, .groups = std::min(pattern->groups(), most)},
      error);
  if (!text) {
    diagnostics_.error(to->value->where,
                       "`To` is " + describe(*to->value) + "; " + fault_in(*to->value, error));
    return std::nullopt;
  }
  return Rewrite{std::move(*pattern), std::move(*text), to->value->where};
}

void ServiceLoader::warn_if_never_matched(const Node& item, Condition::Kind kind) {
  if (!item.written.empty()) return;  // the warning would show the value of a variable
  std::string why = never_matches(kind, item.text);
  if (!why.empty()) diagnostics_.warning(Lint::never_matches, item.where, std::move(why));
}

void ServiceLoader::warn_about_hosts(const Section& section) {
  for (const Node* item : section.items("HeadRequire")) {
    if (!item->written.empty()) continue;  // the warning would show the value of a variable
    std::string warning = host_pattern_warning(item->text);
    if (!warning.empty()) diagnostics_.warning(Lint::host_pattern, item->where, std::move(warning));
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
