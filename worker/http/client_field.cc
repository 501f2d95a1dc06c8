// Lists of addresses in fields: see client_field.h.
#include "worker/http/client_field.h"

#include <algorithm>
#include <utility>

#include "worker/http/chars.h"

namespace worker::http {
namespace {

constexpr std::size_t kMaxPort = 5;  // digits

// A port, or what RFC 7239 6.3 allows instead: an obfuscated one.
bool is_port(std::string_view port) {
  if (port.starts_with('_')) {
    return port.size() > 1 && std::all_of(port.begin(), port.end(), [](char c) {
             return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z') || c == '.' || c == '_' ||
                    c == '-';
           });
  }
  return !port.empty() && port.size() <= kMaxPort &&
         std::all_of(port.begin(), port.end(), [](char c) { return is_digit(c); });
}

// "ip", "ip:port", "[v6]" or "[v6]:port".
Hop node(std::string_view text) {
  const Hop malformed;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return malformed;
    const std::string_view behind = text.substr(end + 1);
    if (!behind.empty() && (behind[0] != ':' || !is_port(behind.substr(1)))) return malformed;
    const std::string_view inside = text.substr(1, end - 1);
    if (inside.find(':') == std::string_view::npos) return malformed;
    return {Hop::Kind::address, inside};
  }
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || text.rfind(':') != colon) {
    return {Hop::Kind::address, text};
  }
  if (!is_port(text.substr(colon + 1))) return malformed;
  return {Hop::Kind::address, text.substr(0, colon)};
}

// The node of RFC 7239 6, without its quotes.
Hop forwarded_node(std::string_view text) {
  const Hop hop = node(text);
  if (hop.kind != Hop::Kind::address) return hop;
  const bool is_hidden = hop.address.starts_with('_') || equals_lower(hop.address, "unknown");
  return is_hidden ? Hop{Hop::Kind::hidden, {}} : hop;
}

// Whether the quote at `at` is escaped, provided that it is in a quoted string.
bool is_escaped(std::string_view text, std::size_t at) {
  std::size_t slashes = 0;
  while (slashes < at && text[at - slashes - 1] == '\\') ++slashes;
  return slashes % 2 == 1;
}

// Where the last element begins: behind the last comma outside quotes, found from the right.
// Nothing when a quote on the way has no partner.
std::optional<std::size_t> last_element(std::string_view list) {
  bool in_quotes = false;
  for (std::size_t i = list.size(); i-- > 0;) {
    if (list[i] == '"') {
      if (!in_quotes || !is_escaped(list, i)) in_quotes = !in_quotes;
    } else if (list[i] == ',' && !in_quotes) {
      return i + 1;
    }
  }
  return in_quotes ? std::nullopt : std::optional<std::size_t>(0);
}

// Takes a value off `rest`: a token, a quoted string, or, as some programs write it, an address
// without its quotes. Nothing when there is none.
std::optional<std::string_view> take_value(std::string_view& rest) {
  if (!rest.starts_with('"')) {
    const std::string_view value = rest.substr(0, rest.find_first_of(";\" \t"));
    rest.remove_prefix(value.size());
    return value.empty() ? std::nullopt : std::optional(value);
  }
  std::size_t end = 1;
  while (end < rest.size() && rest[end] != '"') end += rest[end] == '\\' ? 2 : 1;
  if (end >= rest.size()) return std::nullopt;
  const std::string_view value = rest.substr(1, end - 1);
  rest.remove_prefix(end + 1);
  return value;
}

// What `for` says in one element: pairs with semicolons between them, each name once.
Hop forwarded_element_node(std::string_view element) {
  const Hop malformed;
  std::optional<Hop> found;
  for (std::string_view rest = element;;) {
    const std::size_t equals = rest.find('=');
    if (equals == std::string_view::npos) return malformed;
    const std::string_view name = rest.substr(0, equals);
    if (!is_token(name)) return malformed;
    rest.remove_prefix(equals + 1);
    const std::optional<std::string_view> value = take_value(rest);
    if (!value) return malformed;
    if (equals_lower(name, "for")) {
      if (found) return malformed;
      found = forwarded_node(*value);
      if (found->kind == Hop::Kind::malformed) return malformed;
    }
    rest = trim(rest);
    if (rest.empty()) return found.value_or(Hop{Hop::Kind::hidden, {}});
    if (rest[0] != ';') return malformed;
    rest = trim(rest.substr(1));
  }
}

}  // namespace

HopWalk::HopWalk(const HeaderList& fields, const ClientField& wanted)
    : fields_(fields),
      wanted_(wanted),
      left_(static_cast<std::size_t>(fields.end() - fields.begin())) {}

bool HopWalk::is_wanted(const Field& field) const {
  switch (wanted_.kind) {
    case ClientField::Kind::x_forwarded_for:
      return field.id == FieldId::x_forwarded_for;
    case ClientField::Kind::forwarded:
      return field.id == FieldId::forwarded;
    case ClientField::Kind::single:
      return equal_ignoring_case(field.name, wanted_.name);
  }
  return false;
}

// Two fields, or two addresses, are none.
std::optional<Hop> HopWalk::single() {
  const Field* found = nullptr;
  for (; left_ > 0; --left_) {
    const Field& field = fields_.begin()[left_ - 1];
    if (!is_wanted(field)) continue;
    if (found != nullptr) {
      left_ = 0;
      return Hop{};
    }
    found = &field;
  }
  if (found == nullptr || found->value.empty()) return std::nullopt;
  return node(found->value);
}

std::optional<Hop> HopWalk::next() {
  if (wanted_.kind == ClientField::Kind::single) return single();
  for (;;) {
    while (rest_.empty()) {
      if (left_ == 0) return std::nullopt;
      const Field& field = fields_.begin()[--left_];
      if (is_wanted(field)) rest_ = field.value;
    }
    const bool is_forwarded = wanted_.kind == ClientField::Kind::forwarded;
    const std::optional<std::size_t> begin =
        is_forwarded ? last_element(rest_) : std::optional(rest_.rfind(',') + 1);
    if (!begin) {
      rest_ = {};
      return Hop{};
    }
    const std::string_view element = trim(rest_.substr(*begin));
    rest_ = rest_.substr(0, *begin == 0 ? 0 : *begin - 1);
    if (!element.empty()) return is_forwarded ? forwarded_element_node(element) : node(element);
  }
}

bool can_extend_forwarded(const HeaderList& fields) {
  const ClientField wanted{.kind = ClientField::Kind::forwarded};
  HopWalk walk(fields, wanted);
  while (const std::optional<Hop> hop = walk.next()) {
    if (hop->kind == Hop::Kind::malformed) return false;
  }
  return true;
}

std::string forwarded_element(std::string_view ip, std::string_view proto, std::string_view host) {
  std::string element = "for=";
  if (ip == kUnixClient) ip = "unknown";
  const bool is_v6 = ip.find(':') != std::string_view::npos;
  element.append(is_v6 ? "\"[" : "").append(ip).append(is_v6 ? "]\"" : "");
  element.append(";proto=").append(proto);
  if (host.empty()) return element;
  // A valid authority has neither quotes nor backslashes.
  const std::string_view quote = is_token(host) ? "" : "\"";
  return element.append(";host=").append(quote).append(host).append(quote);
}

}  // namespace worker::http
