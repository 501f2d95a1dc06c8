// The rules that `Allow` relaxes: see allow.h.
#include "worker/allow.h"

#include <algorithm>
#include <span>
#include <string>
#include <string_view>

#include "conf/suggest.h"
#include "worker/http/header_list.h"
#include "worker/http/method.h"
#include "worker/http/sanitizer.h"

namespace worker {

namespace {

std::string in_code(std::string_view code) { return "`" + std::string(code) + "`"; }

std::span<const http::Reason> relaxable_in(Message message) {
  if (message == Message::request) return http::kRelaxable;
  return http::kRelaxableInResponses;
}

std::string relaxable_codes(Message message) {
  std::string codes;
  for (const http::Reason reason : relaxable_in(message)) {
    codes += (codes.empty() ? "" : ", ") + in_code(http::info(reason).code);
  }
  return codes;
}

std::string unknown_rule(const std::string& code, Message message) {
  // Suggests only rules that can be relaxed.
  std::vector<std::string_view> relaxable;
  for (const http::Reason reason : relaxable_in(message)) {
    relaxable.push_back(http::info(reason).code);
  }
  const std::string hint = conf::did_you_mean(code, relaxable);
  return "there is no rule `" + conf::shown(code) + "`" +
         (hint.empty() ? "; the rules that can be relaxed are " + relaxable_codes(message) : hint);
}

// Why `Allow` for this kind of message does not relax the rule.
std::string_view why_not(http::Reason reason, Message message) {
  const bool in_requests = message == Message::request;
  if (in_requests && http::is_about_responses(reason)) {
    return "it is about responses; only the `Allow` of a backend relaxes rules about them";
  }
  if (!in_requests && http::is_about_requests(reason)) {
    return "it is about requests; only the `Allow` of a listener or a service relaxes rules about "
           "them";
  }
  switch (http::info(reason).relax) {
    case http::Relax::yes:
      break;
    case http::Relax::by_backend:
    case http::Relax::framing:
      return in_requests
                 ? "it marks where lines and messages end; without it, requests could be smuggled"
                 : "it marks where lines and messages end; without it, responses could be split";
    case http::Relax::host:
      return "it protects the choice of the host; without it, programs would choose differently";
    case http::Relax::tunnel:
      return "it makes sure that nothing passes unread";
    case http::Relax::limit:
      return "it is a limit, not a rule of syntax";
  }
  return "";
}

}  // namespace

http::RuleSet allowed_rules(const std::vector<conf::AllowedRule>& rules, Message message,
                            conf::Diagnostics& diagnostics) {
  const std::span<const http::Reason> relaxable = relaxable_in(message);
  http::RuleSet allowed;
  for (const conf::AllowedRule& rule : rules) {
    const http::Reason reason = http::find_reason(rule.code);
    const http::ReasonInfo& about = http::info(reason);
    if (reason == http::Reason::none) {
      diagnostics.error(rule.where, unknown_rule(rule.code, message));
    } else if (std::find(relaxable.begin(), relaxable.end(), reason) == relaxable.end()) {
      diagnostics.error(rule.where, in_code(about.code) + " cannot be relaxed: " +
                                        std::string(why_not(reason, message)) + " (" +
                                        std::string(about.section) + "); the rules that can are " +
                                        relaxable_codes(message));
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

void check_request_id(const std::string& name, const conf::Position& where,
                      conf::Diagnostics& diagnostics) {
  if (name.empty()) return;
  if (http::twin_field_id(name) == http::FieldId::other) return;
  diagnostics.error(where, "`RequestID` is " + in_code(conf::shown(name)) +
                               ", a field that means something else to Pound; expected a name "
                               "such as `X-Request-ID`");
}

void check_methods(const conf::Service& service, const conf::Listener& listener,
                   conf::Diagnostics& diagnostics) {
  const auto check = [&](const std::string& name, const conf::Position& where) {
    const auto is_same = [&](const conf::AddedMethod& one) { return one.name == name; };
    if (http::find_method(name) != nullptr) return;
    if (std::ranges::any_of(listener.methods, is_same)) return;
    diagnostics.error(where, in_code(conf::shown(name)) +
                                 " is neither a method that Pound forwards nor one of the "
                                 "listener's `Methods`");
  };
  if (service.retry) {
    for (const conf::AddedMethod& method : service.retry->names) check(method.name, method.where);
  }
  for (const conf::WantedMethod& one : service.matchers.methods) check(one.name, one.where);
  for (const conf::Matchers& unwanted : service.nots) {
    for (const conf::WantedMethod& one : unwanted.methods) check(one.name, one.where);
  }
}

}  // namespace worker
