// The key Redirect of a service: see load_redirect.h.
//
// A service that redirects does nothing else, so keys about backends and users are refused beside
// it.
#include "conf/load_redirect.h"

#include <string>

#include "conf/exclusive.h"
#include "conf/redirect_url.h"

namespace conf {

namespace {

std::optional<Redirect> load_url(const Key& key, const Node& node, std::string_view name,
                                 Diagnostics& diagnostics) {
  std::string error;
  std::optional<Redirect> redirect = parse_redirect_url(node.text, error);
  if (!redirect) {
    diagnostics.error(node.where, "`" + std::string(name) + "` is " + describe(node) +
                                      ", expected " + expectation(key) + "; " + error);
  }
  return redirect;
}

std::optional<Redirect> load_mapping(const Node& node, Diagnostics& diagnostics) {
  const Section section(redirect_schema(), node, diagnostics);
  const Section::Member* url = section.find("URL");
  if (url == nullptr) return std::nullopt;
  std::optional<Redirect> redirect = load_url(*url->key, *url->value, "URL", diagnostics);
  if (redirect) redirect->code = section.choice("Code", redirect->code);
  return redirect;
}

}  // namespace

std::optional<Redirect> load_redirect(const Section& service, Diagnostics& diagnostics) {
  const Section::Member* member = service.find("Redirect");
  if (member == nullptr) return std::nullopt;
  const Node& value = *member->value;
  refuse_beside(service, "Redirect",
                {"Backends", "Emergency", "Balance", "Session", "Queue", "Auth"}, diagnostics);
  if (value.is(Node::Kind::mapping)) return load_mapping(value, diagnostics);
  return load_url(*member->key, value, "Redirect", diagnostics);
}

}  // namespace conf
