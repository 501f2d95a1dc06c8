// The URL and the page of a redirect: see redirect.h.
#include "worker/http/redirect.h"

#include "worker/http/html.h"
#include "worker/http/status.h"
#include "worker/http/uri.h"

namespace worker::http {
std::string redirect_location(const RedirectTarget& target, std::string_view authority,
                              std::string_view path_query) {
  const std::string_view host = target.host.empty() ? host_of(authority) : target.host;
  if (host.empty()) return {};
  std::string location;
  location.reserve(target.scheme.size() + host.size() + target.port.size() + path_query.size() + 1);
  location.append(target.scheme).append(host).append(target.port);
  if (!target.path.empty()) return location.append(target.path);
  // For `*` the path is "/": an asterisk right behind the host would become part of its name.
  if (!path_query.starts_with('/')) return location.append("/");
  append_path_query(path_query, false, location);
  return location;
}

std::string redirect_page(int status, std::string_view location) {
  std::string link = "<p><a href=\"";
  append_html(location, link);
  link.append("\">This page is here.</a></p>");
  return answer_page(std::to_string(status).append(" ").append(reason_phrase(status)), link);
}

Answer redirect_answer(int status, std::string_view location, std::string_view page) {
  return {.status = status, .field = {"Location", location}, .page = page};
}

}  // namespace worker::http
