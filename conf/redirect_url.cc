// The URL of a redirect: see redirect_url.h.
//
// Pound sends the URL as it is written and encodes nothing, so bytes that need encoding are refused
// here.
#include "conf/redirect_url.h"

#include <algorithm>
#include <array>

#include "conf/address.h"
#include "conf/scalar.h"

namespace conf {

namespace {

constexpr auto kRequestHost = std::to_array<std::string_view>({"$host", "${host}"});
constexpr auto kRequestPath = std::to_array<std::string_view>({"$path", "${path}"});

bool is_hex(char c) {
  const char lower = to_lower(c);
  return is_digit(c) || (lower >= 'a' && lower <= 'f');
}

// Bytes that RFC 3986 allows, without the apostrophe, which could end an attribute in the page.
bool may_stand_in_url(char c) {
  return is_letter_or_digit(c) ||
         std::string_view("-._~:/?#[]@!$&()*+,;=%").find(c) != std::string_view::npos;
}

// The first fault of any byte; empty when there is none.
std::string wrong_bytes(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_braced = text.substr(i).starts_with("${");
    if (is_braced && text.find('}', i) != std::string_view::npos) {
      i = text.find('}', i);
      continue;
    }
    if (!may_stand_in_url(text[i])) {
      return "`" + shown(text.substr(i, 1)) + "` must be written as % and two hexadecimal digits";
    }
    if (text[i] != '%') continue;
    if (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) {
      return "a % must be followed by two hexadecimal digits";
    }
  }
  return "";
}

// Cuts the scheme off `rest`. Empty when there is none.
std::string take_scheme(std::string_view& rest) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!equal_ignoring_case(rest.substr(0, scheme.size()), scheme)) continue;
    rest.remove_prefix(scheme.size());
    return std::string(scheme);
  }
  return "";
}

// Cuts `:port` off the end of `authority`. False when the port is invalid.
bool take_port(std::string_view& authority, std::string& port) {
  const std::size_t colon = authority.rfind(':');
  if (colon == std::string_view::npos || authority.ends_with(']')) return true;
  const std::optional<std::int64_t> number = parse_whole_number(authority.substr(colon + 1));
  if (!number || *number < 1 || *number > 65535) return false;
  port = ":" + std::to_string(*number);
  authority.remove_suffix(authority.size() - colon);
  return true;
}

// A path begins with a slash, whatever the request.
bool begins_with_path(std::string_view text) {
  return std::ranges::any_of(kRequestPath,
                             [text](std::string_view name) { return text.starts_with(name); });
}

// Where the authority ends.
std::size_t path_begin(std::string_view rest) {
  std::size_t end = std::min(rest.find_first_of("/?#"), rest.size());
  for (const std::string_view name : kRequestPath) end = std::min(end, rest.find(name));
  return end;
}

// Nothing when `text` is neither a name nor an address nor $host.
std::optional<std::string> host_of(std::string_view text) {
  for (const std::string_view variable : kRequestHost) {
    if (equal_ignoring_case(text, variable)) return "";
  }
  const bool brackets = text.starts_with('[');
  std::string error;
  std::optional<std::string> host = parse_address(text, error);
  // A zone has a meaning on one machine only. Without brackets, a colon would begin a port.
  if (!host || host->find('%') != std::string::npos || is_ipv6(*host) != brackets) {
    return std::nullopt;
  }
  return url_host(*host);
}

}  // namespace

std::optional<Redirect> parse_redirect_url(std::string_view text, std::string& error) {
  Redirect redirect;
  std::string_view rest = text;
  redirect.scheme = take_scheme(rest);
  if (redirect.scheme.empty()) {
    error = "it must begin with `http://` or `https://`";
    return std::nullopt;
  }
  error = wrong_bytes(rest);
  if (!error.empty()) return std::nullopt;
  std::string_view authority = rest.substr(0, path_begin(rest));
  rest.remove_prefix(authority.size());
  if (authority.find('@') != std::string_view::npos) {
    error = "it must not have a user name or a password";
    return std::nullopt;
  }
  if (!take_port(authority, redirect.port)) {
    error = "its port must be a whole number from 1 to 65535";
    return std::nullopt;
  }
  std::optional<std::string> host = host_of(authority);
  if (!host) {
    error = "its host must be a name, an IP address or `$host`";
    return std::nullopt;
  }
  redirect.host = std::move(*host);
  redirect.path = rest;
  // With a query or a fragment but no path, the path is `/` and not that of the request.
  if (!rest.empty() && rest.front() != '/' && !begins_with_path(rest)) {
    redirect.path.insert(0, "/");
  }
  return redirect;
}

}  // namespace conf
