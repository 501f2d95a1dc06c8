// The URL that clients are sent to: absolute, http or https, safe in a header and in a page.
//
// See redirect_url.h. What is written is what is sent: nothing is encoded on the way, so that
// bytes which would have to be are refused here.
#include "conf/redirect_url.h"

#include "conf/address.h"
#include "conf/scalar.h"

namespace conf {

namespace {

constexpr std::string_view kRequestHost = "$host";

bool is_hex(char c) {
  const char lower = to_lower(c);
  return is_digit(c) || (lower >= 'a' && lower <= 'f');
}

// Bytes that RFC 3986 allows, but the apostrophe: a quote ends an attribute of the page.
bool may_stand_in_url(char c) {
  return is_letter_or_digit(c) ||
         std::string_view("-._~:/?#[]@!$&()*+,;=%").find(c) != std::string_view::npos;
}

// What is wrong with the bytes, wherever they stand; empty when nothing is.
std::string wrong_bytes(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
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

// Cuts the scheme off; empty when there is none.
std::string take_scheme(std::string_view& rest) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!equal_ignoring_case(rest.substr(0, scheme.size()), scheme)) continue;
    rest.remove_prefix(scheme.size());
    return std::string(scheme);
  }
  return "";
}

// Cuts `:port` off the end of an authority; false when what is there is none.
bool take_port(std::string_view& authority, std::string& port) {
  const std::size_t colon = authority.rfind(':');
  if (colon == std::string_view::npos || authority.ends_with(']')) return true;
  const std::optional<std::int64_t> number = parse_whole_number(authority.substr(colon + 1));
  if (!number || *number < 1 || *number > 65535) return false;
  port = ":" + std::to_string(*number);
  authority.remove_suffix(authority.size() - colon);
  return true;
}

// Nothing when it is neither a name nor an address nor $host.
std::optional<std::string> host_of(std::string_view text) {
  if (equal_ignoring_case(text, kRequestHost)) return "";
  const bool brackets = text.starts_with('[');
  std::string error;
  std::optional<std::string> host = parse_address(text, error);
  // A zone means something on one machine only; without brackets a colon would begin a port.
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
  std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
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
  // A query or a fragment of its own is a decision about the path: there is none.
  if (!rest.empty() && rest.front() != '/') redirect.path.insert(0, "/");
  return redirect;
}

}  // namespace conf
