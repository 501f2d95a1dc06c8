// The syntax of addresses: see address.h.
//
// Knows RFC 1123 names (and the underscores that container networks use), IPv4 in four decimal
// parts, IPv6 with an optional zone. Never asks a resolver.
#include "conf/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>

#include "conf/scalar.h"

namespace conf {

namespace {

constexpr std::size_t kMaxName = 253;
constexpr std::size_t kMaxLabel = 63;
constexpr std::size_t kMaxZone = 15;  // IFNAMSIZ without its NUL

std::optional<std::string> numeric(int family, const std::string& text) {
  std::array<unsigned char, sizeof(in6_addr)> bytes{};
  std::array<char, INET6_ADDRSTRLEN> canonical{};
  if (inet_pton(family, text.c_str(), bytes.data()) != 1) return std::nullopt;
  if (inet_ntop(family, bytes.data(), canonical.data(), canonical.size()) == nullptr) {
    return std::nullopt;
  }
  return std::string(canonical.data());
}

std::optional<std::string> parse_ipv6(std::string_view text) {
  const std::size_t percent = text.find('%');
  std::optional<std::string> address = numeric(AF_INET6, std::string(text.substr(0, percent)));
  if (!address || percent == std::string_view::npos) return address;
  const std::string_view zone = text.substr(percent + 1);
  const bool plain = std::all_of(zone.begin(), zone.end(), [](char c) {
    return is_letter_or_digit(c) || c == '.' || c == '-' || c == '_';
  });
  if (zone.empty() || zone.size() > kMaxZone || !plain) return std::nullopt;
  return *address + "%" + std::string(zone);
}

bool is_label(std::string_view label) {
  const auto allowed = [](char c) { return is_letter_or_digit(c) || c == '-' || c == '_'; };
  return !label.empty() && label.size() <= kMaxLabel && label.front() != '-' &&
         label.back() != '-' && std::all_of(label.begin(), label.end(), allowed);
}

bool is_name(std::string_view text) {
  if (text.ends_with('.')) text.remove_suffix(1);
  if (text.empty() || text.size() > kMaxName) return false;
  while (true) {
    const std::size_t dot = text.find('.');
    if (!is_label(text.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    text.remove_prefix(dot + 1);
  }
}

// Whether the last label is all digits: no host name ends so, only an IPv4 address does.
bool looks_like_ipv4(std::string_view text) {
  const std::string_view last = text.substr(text.rfind('.') + 1);
  return !last.empty() && std::all_of(last.begin(), last.end(), is_digit);
}

std::string what_is_wrong(std::string_view text) {
  if (text.starts_with("unix:")) return "a Unix socket is its path alone, which begins with `/`";
  if (text.starts_with('@')) return "abstract Unix sockets are not supported";
  if (text.find("://") != std::string_view::npos) return "write the host alone, not a URL";
  if (text == "*") return "write 0.0.0.0 or \"::\" for all addresses";
  const std::size_t colon = text.rfind(':');
  if (colon != std::string_view::npos && parse_whole_number(text.substr(colon + 1)) &&
      (text.find(':') == colon || text[colon - 1] == ']')) {
    return "the port belongs under `Port`";
  }
  if (text.find(':') != std::string_view::npos) return "this is not a valid IPv6 address";
  if (text.find('/') != std::string_view::npos)
    return "write one address, without a path or a network";
  return "";
}

}  // namespace

std::optional<std::string> parse_address(std::string_view text, std::string& error) {
  std::string_view bare = text;
  const bool brackets = text.size() > 2 && text.front() == '[' && text.back() == ']';
  if (brackets) bare = text.substr(1, text.size() - 2);
  if (std::optional<std::string> address = parse_ipv6(bare)) return address;
  if (!brackets) {
    if (std::optional<std::string> address = numeric(AF_INET, std::string(bare))) return address;
    if (looks_like_ipv4(bare) && bare.find_first_of(":/") == std::string_view::npos) {
      error = "this is not a valid IPv4 address";
      return std::nullopt;
    }
    if (is_name(bare)) return to_lower(bare);
  }
  error = what_is_wrong(text);
  return std::nullopt;
}

bool is_path(std::string_view address) { return address.starts_with('/'); }

std::string path_fault(std::string_view path) {
  if (path.size() > kMaxSocketPath) {
    return "it has " + std::to_string(path.size()) +
           " bytes, and the path of a Unix socket at most " + std::to_string(kMaxSocketPath);
  }
  const bool plain = std::all_of(path.begin(), path.end(), [](char c) {
    return c > ' ' && c < 0x7f && c != '"' && c != '\'' && c != '`' && c != '\\';
  });
  if (!plain) return "the path of a Unix socket has no spaces, quotes or special characters";
  if (path.ends_with('/')) return "the path of a Unix socket does not end with `/`";
  const std::string parts = std::string(path) + "/";
  if (parts.find("/../") != std::string::npos) return "write the path without `..`";
  return "";
}

bool is_wildcard(std::string_view address) { return address == "0.0.0.0" || address == "::"; }

bool is_ipv6(std::string_view address) {
  return !is_path(address) && address.find(':') != std::string_view::npos;
}

std::string_view mapped_ipv4(std::string_view address) {
  constexpr std::string_view kPrefix = "::ffff:";
  const bool is_mapped = address.starts_with(kPrefix) && address.find('.') != address.npos;
  return is_mapped ? address.substr(kPrefix.size()) : std::string_view();
}

std::string url_host(std::string_view address) {
  const std::string host(address);
  return is_ipv6(host) ? "[" + host + "]" : host;
}

std::string host_port(std::string_view address, std::uint16_t port) {
  if (is_path(address)) return std::string(address);
  return url_host(address) + ":" + std::to_string(port);
}

}  // namespace conf
