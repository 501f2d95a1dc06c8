// See host_name.h.
#include "conf/host_name.h"

#include <algorithm>

#include "conf/address.h"
#include "conf/idn.h"
#include "conf/scalar.h"

namespace conf {

namespace {

constexpr std::size_t kMostName = 253;
constexpr std::size_t kMostLabel = 63;

bool is_label(std::string_view label) {
  if (label.empty() || label.size() > kMostLabel) return false;
  return std::ranges::all_of(label,
                             [](char c) { return is_letter_or_digit(c) || c == '-' || c == '_'; });
}

bool is_name(std::string_view text) {
  if (text.size() > kMostName) return false;
  while (true) {
    const std::size_t dot = text.find('.');
    if (!is_label(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

std::string advice(std::string_view text) {
  if (text == "*") return "leave `Host` away to match every host";
  if (text.find("://") != std::string_view::npos) return "write the host alone, not a URL";
  if (text.find('/') != std::string_view::npos) return "a path belongs under `Path`";
  if (text.find('*') != std::string_view::npos) {
    return "an asterisk stands for whole labels at the beginning only, as in `*.example.com`";
  }
  const std::size_t colon = text.find(':');
  if (colon != std::string_view::npos && text.rfind(':') == colon) {
    return "write it without a port: that of the request is ignored";
  }
  if (text.find_first_of("\\^$()[]+?|") != std::string_view::npos) {
    return "this is no regular expression; those belong under `HeadRequire`";
  }
  return "a name has labels of letters, digits, - and _, at most 63 in each and 253 in all";
}

}  // namespace

std::optional<HostName> parse_host_name(std::string_view text, std::string& error) {
  constexpr std::string_view kWildcard = "*.";
  std::string ignored;
  if (is_ipv6(text)) {
    if (const auto address = parse_address(text, ignored)) return HostName{url_host(*address)};
  }
  HostName host;
  std::string_view name = text;
  host.is_wildcard = name.starts_with(kWildcard);
  if (host.is_wildcard) name.remove_prefix(kWildcard.size());
  if (name.ends_with('.')) name.remove_suffix(1);
  const std::optional<std::string> ascii = to_ascii_host(name, error);
  if (!ascii) return std::nullopt;
  if (!is_name(*ascii)) {
    error = advice(text);
    return std::nullopt;
  }
  host.name = *ascii;
  return host;
}

}  // namespace conf
