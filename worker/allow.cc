// The rules that `Allow` relaxes: see allow.h.
#include "worker/allow.h"

#include <string>
#include <string_view>

#include "conf/suggest.h"
#include "worker/http/method.h"
#include "worker/http/sanitizer.h"

namespace worker {

namespace {

std::string in_code(std::string_view code) { return "`" + std::string(code) + "`"; }

std::string relaxable_codes() {
  std::string codes;
  for (const http::Reason reason : http::kRelaxable) {
    codes += (codes.empty() ? "" : ", ") + in_code(http::info(reason).code);
  }
  return codes;
}

std::string unknown_rule(const std::string& code) {
  // Suggests only rules that can be relaxed.
  std::vector<std::string_view> relaxable;
  relaxable.reserve(http::kRelaxable.size());
  for (const http::Reason reason : http::kRelaxable) {
    relaxable.push_back(http::info(reason).code);
  }
  std::string message = "there is no rule `" + conf::shown(code) + "`";
  const std::string hint = conf::did_you_mean(code, relaxable);
  return message +
         (hint.empty() ? "; the rules that can be relaxed are " + relaxable_codes() : hint);
}

std::string_view what_it_guards(http::Relax relax) {
  switch (relax) {
    case http::Relax::yes:
      break;
    case http::Relax::framing:
      return "it marks where lines and messages end; without it, requests could be smuggled";
    case http::Relax::host:
      return "it protects the choice of the host; without it, programs would choose differently";
    case http::Relax::tunnel:
      return "it makes sure that nothing passes unread";
    case http::Relax::limit:
      return "it is a limit, not a rule of syntax";
    case http::Relax::response:
      return "it is about responses; only rules about requests can be relaxed";
  }
  return "";
}

}  // namespace

http::RuleSet allowed_rules(const std::vector<conf::AllowedRule>& rules,
                            conf::Diagnostics& diagnostics) {
  http::RuleSet allowed;
  for (const conf::AllowedRule& rule : rules) {
    const http::Reason reason = http::find_reason(rule.code);
    const http::ReasonInfo& about = http::info(reason);
    if (reason == http::Reason::none) {
      diagnostics.error(rule.where, unknown_rule(rule.code));
    } else if (about.relax != http::Relax::yes) {
      diagnostics.error(
          rule.where,
          in_code(about.code) + " cannot be relaxed: " + std::string(what_it_guards(about.relax)) +
              " (" + std::string(about.section) + "); the rules that can are " + relaxable_codes());
    } else if (allowed.contains(reason)) {
      diagnostics.error(rule.where, in_code(about.code) + " is given twice");
    } else {
      allowed.add(reason);
    }
  }
  return allowed;
}

std::string allowed_methods(const std::vector<conf::AddedMethod>& added,
                            conf::Diagnostics& diagnostics) {
  std::string all(http::kAllowedMethods);
  for (const conf::AddedMethod& method : added) {
    if (http::is_refused_method(method.name)) {
      diagnostics.error(method.where, in_code(conf::shown(method.name)) +
                                          " cannot be added: Pound never forwards CONNECT, TRACE, "
                                          "TRACK or PRI, nor HEAD in another letter case");
    }
    if (http::find_method(method.name) == nullptr) all.append(", ").append(method.name);
  }
  return all;
}

}  // namespace worker
