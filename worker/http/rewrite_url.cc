// URLs for the other side: see rewrite_url.h.
#include "worker/http/rewrite_url.h"

#include <algorithm>

#include "worker/http/chars.h"
#include "worker/http/uri.h"

namespace worker::http {
namespace {

constexpr std::string_view kHttp = "http://";
constexpr std::string_view kHttps = "https://";
constexpr std::string_view kDestination = "Destination";

std::string_view scheme_text(bool https) { return https ? kHttps : kHttp; }

bool has_prefix(std::string_view text, std::string_view prefix) {
  return equal_ignoring_case(text.substr(0, prefix.size()), prefix);
}

// host ":" port, compared with one that has its port.
bool is_server(std::string_view authority, bool https, std::string_view with_port) {
  const std::string_view host = host_of(authority);
  std::string_view port = authority.substr(host.size());
  if (port.size() < 2) port = https ? ":443" : ":80";
  const std::string_view wanted = host_of(with_port);
  return equal_ignoring_case(host, wanted) && port == with_port.substr(wanted.size());
}

// Whether the URL names the asked server. Its port may also be the usual one of the other scheme,
// where it has the other scheme: a program may know the port but not that the client speaks TLS.
bool is_asked(const WebUrl& url, const AskedServer& asked) {
  if (asked.authority.empty()) return false;
  const std::string_view host = host_of(asked.authority);
  std::string with_port(asked.authority);
  if (asked.authority.size() < host.size() + 2) {
    with_port.assign(host).append(asked.https ? ":443" : ":80");
  }
  if (is_server(url.authority, asked.https, with_port)) return true;
  const bool both_usual = with_port.substr(host.size()) == (asked.https ? ":443" : ":80");
  with_port.assign(host).append(url.https ? ":443" : ":80");
  return both_usual && is_server(url.authority, url.https, with_port);
}

}  // namespace

std::optional<WebUrl> split_web_url(std::string_view url) {
  const bool https = has_prefix(url, kHttps);
  if (!https && !has_prefix(url, kHttp)) return std::nullopt;
  url.remove_prefix(scheme_text(https).size());
  const std::size_t end = std::min(url.find_first_of("/?#"), url.size());
  return WebUrl{https, url.substr(0, end), url.substr(end)};
}

std::optional<std::string> location_for_client(std::string_view location, const AskedServer& asked,
                                               std::span<const std::string> backend,
                                               bool fixes_scheme) {
  const std::optional<WebUrl> url = split_web_url(location);
  if (!url || asked.authority.empty()) return std::nullopt;
  const bool is_backend = std::ranges::any_of(
      backend, [&](const std::string& one) { return is_server(url->authority, url->https, one); });
  const bool has_other_scheme = url->https != asked.https;
  if (!is_backend && !(fixes_scheme && has_other_scheme && is_asked(*url, asked))) {
    return std::nullopt;
  }
  std::string made(scheme_text(asked.https));
  made.append(asked.authority).append(url->rest);
  return made;
}

std::size_t aim_destination(std::string& head, const AskedServer& asked, std::string_view host) {
  std::size_t value = 0;
  const std::size_t last = head.rfind("\r\n");  // of the empty line
  for (std::size_t at = head.find("\r\n"); at < last; at = head.find("\r\n", at)) {
    at += 2;
    const std::string_view line = std::string_view(head).substr(at);
    if (!has_prefix(line, kDestination) || !line.substr(kDestination.size()).starts_with(": ")) {
      continue;
    }
    if (value != 0) return 0;
    value = at + kDestination.size() + 2;
  }
  if (value == 0 || host.empty()) return 0;
  const std::size_t size = head.find("\r\n", value) - value;
  const std::optional<WebUrl> url = split_web_url(std::string_view(head).substr(value, size));
  if (!url || url->https != asked.https || !is_asked(*url, asked)) return 0;
  const std::string aimed(host);  // it may be a part of the head
  head.replace(value + scheme_text(url->https).size(), url->authority.size(), aimed);
  return value;
}

void set_destination_scheme(std::string& head, std::size_t at, bool https) {
  const bool was_https = has_prefix(std::string_view(head).substr(at), kHttps);
  if (was_https == https) return;
  head.replace(at, scheme_text(was_https).size(), scheme_text(https));
}

}  // namespace worker::http
