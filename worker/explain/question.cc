// See question.h.
#include "worker/explain/question.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "conf/address.h"
#include "conf/network.h"
#include "worker/http/chars.h"
#include "worker/net/address.h"

namespace worker::explain {

namespace {

struct Url {
  bool is_https = false;
  std::string_view authority;  // empty: the URL is only a target
  std::string_view host;       // without brackets
  std::string port;
  std::string target;
};

bool take_scheme(std::string_view& url, std::string_view scheme) {
  if (!http::equal_ignoring_case(url.substr(0, scheme.size()), scheme)) return false;
  url.remove_prefix(scheme.size());
  return true;
}

void split_authority(Url& url) {
  const std::size_t end = url.authority.rfind(']');
  const std::size_t colon = url.authority.rfind(':');
  const bool has_port =
      colon != std::string_view::npos && (end == std::string_view::npos || colon > end);
  url.host = url.authority.substr(0, has_port ? colon : url.authority.size());
  if (has_port) url.port = url.authority.substr(colon + 1);
  if (url.port.empty()) url.port = url.is_https ? "443" : "80";
  if (url.host.size() >= 2 && url.host.front() == '[' && url.host.back() == ']') {
    url.host = url.host.substr(1, url.host.size() - 2);
  }
}

Url split_url(std::string_view text, bool may_be_target) {
  Url url;
  url.is_https = take_scheme(text, "https://");
  if (!url.is_https && !take_scheme(text, "http://")) {
    if (!may_be_target || text.empty()) {
      throw BadQuestion("the URL must begin with http:// or https://" +
                        std::string(may_be_target ? ", or be the target of a request" : ""));
    }
    url.target = text;
    return url;
  }
  const std::size_t end = std::min(text.find_first_of("/?#"), text.size());
  url.authority = text.substr(0, end);
  url.target = text.substr(end);
  if (!url.target.starts_with('/')) url.target.insert(0, "/");
  split_authority(url);
  return url;
}

std::string name_of(const conf::Listener& listener) {
  return conf::host_port(listener.address, listener.port);
}

std::string names_of(const conf::Config& config, const std::vector<std::size_t>& listeners) {
  std::string names;
  for (const std::size_t i : listeners) {
    names += (names.empty() ? "" : ", ") + name_of(config.listeners[i]) +
             (config.listeners[i].tls ? " (https)" : " (http)");
  }
  return names;
}

std::vector<std::size_t> where(const conf::Config& config, auto holds) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < config.listeners.size(); ++i) {
    if (holds(config.listeners[i])) found.push_back(i);
  }
  return found;
}

bool is_any_address(const conf::Listener& listener) {
  const std::optional<conf::IpAddress> ip = conf::parse_ip(listener.address);
  return ip && ip->high == 0 && ip->low == 0;
}

// The listeners that the host of the URL leads to: first those at that very address.
std::vector<std::size_t> find_listeners(const conf::Config& config, const Url& url) {
  const auto fits = [&](const conf::Listener& one) {
    return one.port != 0 && one.tls.has_value() == url.is_https &&
           std::to_string(one.port) == url.port;
  };
  const std::optional<conf::IpAddress> ip = conf::parse_ip(url.host);
  const std::vector<std::size_t> exact = where(config, [&](const conf::Listener& one) {
    return fits(one) && (ip ? conf::parse_ip(one.address) == ip
                            : http::equal_ignoring_case(one.address, url.host));
  });
  if (!exact.empty()) return exact;
  return where(
      config, [&](const conf::Listener& one) { return fits(one) && (!ip || is_any_address(one)); });
}

std::size_t find_listener(const conf::Config& config, const Url& url) {
  const std::vector<std::size_t> found = find_listeners(config, url);
  if (found.size() == 1) return found.front();
  if (!found.empty()) {
    throw BadQuestion("several listeners may get it: " + names_of(config, found) +
                      "; --listener NAME says which one");
  }
  const auto all = [](const conf::Listener&) { return true; };
  throw BadQuestion("no listener takes " + std::string(url.is_https ? "https" : "http") + " for " +
                    std::string(url.host) + " at port " + url.port + "; the listeners are " +
                    names_of(config, where(config, all)));
}

std::size_t named_listener(const conf::Config& config, const std::string& name) {
  const std::vector<std::size_t> found =
      where(config, [&](const conf::Listener& one) { return name_of(one) == name; });
  if (!found.empty()) return found.front();
  const auto all = [](const conf::Listener&) { return true; };
  throw BadQuestion("there is no listener `" + name + "`; the listeners are " +
                    names_of(config, where(config, all)));
}

bool is_host(std::string_view field) {
  return http::equal_ignoring_case(field.substr(0, field.find(':')), "host");
}

}  // namespace

AskedRequest read_question(const conf::Config& config, const Question& question) {
  if (question.peer != net::kUnixPeer && !conf::parse_ip(question.peer)) {
    throw BadQuestion("the client's address `" + question.peer + "` is no IP address");
  }
  const Url url = split_url(question.url, !question.listener.empty());
  AskedRequest asked{.listener = question.listener.empty()
                                     ? find_listener(config, url)
                                     : named_listener(config, question.listener),
                     .head = {}};
  asked.head = question.method + " " + url.target + " HTTP/1.1\r\n";
  const bool has_host = std::ranges::any_of(question.fields, is_host);
  if (!has_host && !url.authority.empty()) {
    asked.head += "Host: " + std::string(url.authority) + "\r\n";
  }
  for (const std::string& field : question.fields) asked.head += field + "\r\n";
  asked.head += "\r\n";
  return asked;
}

}  // namespace worker::explain
