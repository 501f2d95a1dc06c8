// The key Redirect of a service: see load_redirect.h.
//
// A service that redirects does nothing else, so keys about backends and users are refused beside
// it.
#include "conf/load_redirect.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "conf/exclusive.h"
#include "conf/load_template.h"
#include "conf/redirect_url.h"

namespace conf {

namespace {

constexpr std::array kPathVariables{Variable::host, Variable::path, Variable::query};

// The service's URL, if it is a valid expression; a faulty one is reported with the conditions.
std::optional<CapturePattern> url_of(const Section& service) {
  std::string error;
  const Section::Member* const url = service.find("URL");
  if (url == nullptr) return std::nullopt;
  return CapturePattern::compile(url->value->text, error);
}

// Replaces a path that has dollar signs. False, and the reason in `error`, when one of them begins
// no variable.
bool take_variables(const Section& service, std::string_view text, Redirect& redirect,
                    std::string& error) {
  if (redirect.path.find('$') == std::string::npos) return true;
  std::optional<CapturePattern> url = url_of(service);
  const auto most = static_cast<unsigned>(CapturePattern::kMostGroups);
  const unsigned groups = url ? std::min(url->groups(), most) : 0;
  const KnownVariables known{.names = kPathVariables,
                             .groups = groups,
                             .groups_of = "URL",
                             .begin = text.size() - redirect.path.size()};
  std::optional<Template> made = parse_template(redirect.path, known, error);
  if (!made) return false;
  if (made->uses(Variable::capture)) redirect.url = std::move(url);
  if (has_variables(redirect.path)) {
    redirect.path_template = std::move(made);
  } else {
    redirect.path = made->parts.front().text;  // only `$$`
  }
  return true;
}

std::optional<Redirect> load_url(const Section& service, const Key& key, const Node& node,
                                 std::string_view name, Diagnostics& diagnostics) {
  std::string error;
  std::optional<Redirect> redirect = parse_redirect_url(node.text, error);
  if (!redirect || !take_variables(service, node.text, *redirect, error)) {
    diagnostics.error(node.where, "`" + std::string(name) + "` is " + describe(node) +
                                      ", expected " + expectation(key) + "; " +
                                      fault_in(node, error));
    return std::nullopt;
  }
  redirect->where = node.where;
  return redirect;
}

std::optional<Redirect> load_mapping(const Section& service, const Node& node,
                                     Diagnostics& diagnostics) {
  const Section section(redirect_schema(), node, diagnostics);
  const Section::Member* url = section.find("URL");
  if (url == nullptr) return std::nullopt;
  std::optional<Redirect> redirect = load_url(service, *url->key, *url->value, "URL", diagnostics);
  if (redirect) redirect->code = section.choice("Code", redirect->code);
  return redirect;
}

}  // namespace

std::optional<Redirect> load_redirect(const Section& service, Diagnostics& diagnostics) {
  const Section::Member* member = service.find("Redirect");
  if (member == nullptr) return std::nullopt;
  const Node& value = *member->value;
  refuse_beside(
      service, "Redirect",
      {"Backends", "Emergency", "Balance", "Session", "Queue", "Auth", "Rewrite", "Request"},
      diagnostics);
  if (value.is(Node::Kind::mapping)) return load_mapping(service, value, diagnostics);
  return load_url(service, *member->key, value, "Redirect", diagnostics);
}

}  // namespace conf
