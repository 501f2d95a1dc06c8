// The key Redirect of a service: see load_redirect.h.
//
// A service that redirects does nothing else, so keys about backends and users are refused beside
// it.
#include "conf/load_redirect.h"

#include <string>

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

void refuse_beside(const Section& service, std::string_view key, const Node& redirect,
                   Diagnostics& diagnostics) {
  const Section::Member* other = service.find(key);
  if (other == nullptr) return;
  diagnostics.error(redirect.where,
                    "a service has `Redirect` or `" + std::string(key) + "`, not both");
  // For a list, the position of its first item as written: of the alias, not of the backend.
  const Node& other_node = other->items.empty() ? *other->value : *other->items.front();
  diagnostics.note(other_node.where, "this is its `" + std::string(key) + "`");
}

}  // namespace

std::optional<Redirect> load_redirect(const Section& service, Diagnostics& diagnostics) {
  const Section::Member* member = service.find("Redirect");
  if (member == nullptr) return std::nullopt;
  const Node& value = *member->value;
  refuse_beside(service, "Backends", value, diagnostics);
  refuse_beside(service, "Emergency", value, diagnostics);
  refuse_beside(service, "Balance", value, diagnostics);
  refuse_beside(service, "Session", value, diagnostics);
  refuse_beside(service, "Queue", value, diagnostics);
  refuse_beside(service, "Auth", value, diagnostics);
  if (value.is(Node::Kind::mapping)) return load_mapping(value, diagnostics);
  return load_url(*member->key, value, "Redirect", diagnostics);
}

}  // namespace conf
