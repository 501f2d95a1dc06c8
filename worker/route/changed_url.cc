// See changed_url.h.
#include "worker/route/changed_url.h"

#include <algorithm>
#include <optional>

#include "worker/http/normal_path.h"
#include "worker/http/redirect.h"
#include "worker/http/uri.h"

namespace worker::route {

namespace {

constexpr std::size_t kMostLocation = 65536;

// A URL pattern is searched in both forms of the path: see router.h.
std::optional<conf::CapturePattern::Found> find_url(const conf::CapturePattern& url,
                                                    std::string_view path_query,
                                                    std::string& room) {
  if (const auto found = url.find(path_query)) return found;
  return url.find(http::normal_path_query(path_query, room));
}

// Encodes path, query and fragment. A question mark with nothing behind it, where `$query` is
// empty, goes.
std::string encoded(std::string_view text) {
  std::string out;
  const std::size_t mark = std::min(text.find('#'), text.size());
  std::string_view path_query = text.substr(0, mark);
  if (path_query.ends_with('?')) path_query.remove_suffix(1);
  http::append_path_query(path_query, false, out);
  if (mark == text.size()) return out;
  std::string fragment = "?";  // the characters of a query may stand in a fragment
  fragment.append(text.substr(mark + 1));
  const std::size_t at = out.size();
  http::append_path_query(fragment, false, out);
  out[at] = '#';
  return out;
}

}  // namespace

bool is_sendable_target(std::string_view target, std::size_t most) {
  http::Breaches breaches;
  return target.starts_with('/') && target.size() <= most &&
         !http::judge_path_query(target, 0, breaches) && breaches.empty();
}

Rewriting rewrite_target(const std::vector<conf::Rewrite>& rewrites, std::string_view target,
                         TemplateValues values, std::size_t most, std::string& out) {
  if (!target.starts_with('/')) return Rewriting::none;  // `*`
  split_target(target, values);
  const std::string_view path = values.path;
  for (const conf::Rewrite& rewrite : rewrites) {
    const auto found = rewrite.from.find(path);
    if (!found) continue;
    const auto at = static_cast<std::size_t>(found->whole.data() - path.data());
    values.groups = found->groups;
    out.assign(path.substr(0, at));
    if (!append_template(rewrite.to, values, most, out)) return Rewriting::invalid;
    out.append(path.substr(at + found->whole.size()));
    if (out.find('?') != std::string::npos) return Rewriting::invalid;
    out.append(target.substr(path.size()));
    return is_sendable_target(out, most) ? Rewriting::done : Rewriting::invalid;
  }
  return Rewriting::none;
}

NewLocation redirect_location(const conf::Redirect& redirect, std::string_view authority,
                              std::string_view path_query) {
  std::string path = redirect.path;
  if (redirect.path_template) {
    TemplateValues values{.host = http::host_of(authority)};
    split_target(path_query.starts_with('/') ? path_query : "/", values);
    std::string room;
    std::optional<conf::CapturePattern::Found> found;
    if (redirect.url) found = find_url(*redirect.url, path_query, room);
    if (found) values.groups = found->groups;
    path.clear();
    if (!append_template(*redirect.path_template, values, kMostLocation, path)) {
      return {.url = {}, .is_invalid = true};
    }
    path = encoded(path);
    if (path.size() > kMostLocation) return {.url = {}, .is_invalid = true};
  }
  return {.url = http::redirect_location({redirect.scheme, redirect.host, redirect.port, path},
                                         authority, path_query)};
}

}  // namespace worker::route
