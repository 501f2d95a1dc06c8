// Hand-written readers for the few productions of RFC 3986 that a proxy must judge: see uri.h.
#include "worker/http/uri.h"

#include "worker/http/percent.h"

namespace worker::http {
namespace {

bool valid_port(std::string_view port) {
  if (port.empty()) return true;
  if (port.size() > 5) return false;
  unsigned value = 0;
  for (char c : port) {
    if (!is_digit(c)) return false;
    value = value * 10 + static_cast<unsigned>(c - '0');
  }
  return value >= 1 && value <= 65535;
}

bool valid_name(std::string_view name) {
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (is(name[i], kHostChar)) continue;
    if (!is_escape(name, i)) return false;
    i += 2;
  }
  return !name.empty();
}

// Four numbers from 0 to 255 without leading zeros.
bool valid_ipv4(std::string_view text) {
  for (int part = 0; part < 4; ++part) {
    std::size_t digits = 0;
    unsigned value = 0;
    for (; digits < text.size() && digits < 4 && is_digit(text[digits]); ++digits) {
      value = value * 10 + static_cast<unsigned>(text[digits] - '0');
    }
    if (digits == 0 || value > 255 || (digits > 1 && text[0] == '0')) return false;
    text.remove_prefix(digits);
    if (part == 3) return text.empty();
    if (text.empty() || text[0] != '.') return false;
    text.remove_prefix(1);
  }
  return false;
}

// Eight groups, or fewer with one "::"; an IPv4 address may stand for the last two.
bool valid_ipv6(std::string_view text) {
  int groups = 0;
  bool gap = false;
  if (text.starts_with("::")) {
    gap = true;
    text.remove_prefix(2);
  }
  while (!text.empty()) {
    std::size_t digits = 0;
    while (digits < text.size() && is(text[digits], kHexChar)) ++digits;
    if (digits < text.size() && text[digits] == '.') {
      groups += 2;
      if (!valid_ipv4(text)) return false;
      break;
    }
    if (digits == 0 || digits > 4) return false;
    ++groups;
    text.remove_prefix(digits);
    if (text.empty()) break;
    if (text[0] != ':' || text.size() == 1) return false;
    text.remove_prefix(1);
    if (text[0] != ':') continue;
    if (gap) return false;
    gap = true;
    text.remove_prefix(1);
  }
  return gap ? groups <= 7 : groups == 8;
}

Reason reason_of_control(char c) {
  if (c == '\r') return Reason::bare_cr;
  return c == '\0' ? Reason::nul_byte : Reason::control_char;
}

std::string_view without_port(std::string_view authority, std::string_view port) {
  if (authority.ends_with(':')) return authority.substr(0, authority.size() - 1);
  return authority.ends_with(port) ? authority.substr(0, authority.size() - port.size())
                                   : authority;
}

}  // namespace

bool valid_authority(std::string_view authority) {
  if (authority.starts_with('[')) {
    const std::size_t close = authority.find(']');
    if (close == std::string_view::npos || !valid_ipv6(authority.substr(1, close - 1))) {
      return false;
    }
    const std::string_view rest = authority.substr(close + 1);
    return rest.empty() || (rest[0] == ':' && valid_port(rest.substr(1)));
  }
  const std::size_t colon = authority.find(':');
  if (!valid_name(authority.substr(0, colon))) return false;
  return colon == std::string_view::npos || valid_port(authority.substr(colon + 1));
}

std::string_view host_of(std::string_view authority) {
  if (authority.starts_with('[')) return authority.substr(0, authority.find(']') + 1);
  return authority.substr(0, authority.find(':'));
}

Refusal judge_path_query(std::string_view path_query, std::size_t offset, Breaches& breaches) {
  CharClass wanted = kPathChar;
  for (std::size_t i = 0; i < path_query.size(); ++i) {
    const char c = path_query[i];
    if (is(c, wanted)) continue;
    if (c == '%') {
      if (is_escape(path_query, i)) {
        i += 2;
      } else if (wanted == kPathChar) {
        breaches.note(Reason::percent_encoding, offset + i);
      }
    } else if (c == '?') {
      wanted = kQueryChar;
    } else if (c == '#') {
      return {Reason::target_fragment, offset + i};
    } else if (is(c, kValueChar) && !is_blank(c)) {
      breaches.note(Reason::target_char, offset + i);
    } else {
      return {reason_of_control(c), offset + i};
    }
  }
  return {};
}

void append_path_query(std::string_view path_query, bool keep_bare, std::string& out) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  CharClass wanted = kPathChar;
  for (std::size_t i = 0; i < path_query.size(); ++i) {
    const char c = path_query[i];
    if (c == '?') wanted = kQueryChar;
    const bool is_allowed = is(c, wanted) || (c == '%' && wanted == kQueryChar);
    const bool is_bare = is(c, kBareChar) || c == '%';
    const bool passes =
        c == '?' || is_escape(path_query, i) || (is_allowed && (keep_bare || !is_bare));
    if (passes) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
}

bool same_authority(std::string_view a, std::string_view b, bool https) {
  const std::string_view port = https ? ":443" : ":80";
  return equal_ignoring_case(without_port(a, port), without_port(b, port));
}

}  // namespace worker::http
