// Directives that occur in several sections: LogLevel, ErrNNN, TrustedIP, Disable, Ciphers.
#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "conf/scalar.h"
#include "master/convert/context.h"

namespace master::convert {
namespace {

constexpr std::string_view kErr = "err";
constexpr std::size_t kMostLogLevel = 5;

bool is_status(std::string_view text) {
  return text.size() == 3 && (text.front() == '4' || text.front() == '5') &&
         std::ranges::all_of(text, conf::is_digit);
}

// ECDHE-RSA-AES128-GCM-SHA256 and TLS_AES_128_GCM_SHA256 are names; HIGH and EECDH+AES are not.
bool is_cipher_name(std::string_view text) {
  const auto is_fit = [](char c) { return conf::is_letter_or_digit(c) || c == '-' || c == '_'; };
  return text.find_first_of("-_") != std::string_view::npos && std::ranges::all_of(text, is_fit) &&
         conf::is_letter_or_digit(text.front());
}

// The names in an expression of OpenSSL. Empty if it has anything but names and exclusions.
std::vector<std::string> cipher_names(std::string_view expression) {
  std::vector<std::string> names;
  while (!expression.empty()) {
    const std::size_t end = std::min(expression.find_first_of(":, "), expression.size());
    const std::string_view item = expression.substr(0, end);
    expression.remove_prefix(std::min(end + 1, expression.size()));
    if (item.empty() || item.starts_with('!')) continue;
    if (!is_cipher_name(item)) return {};
    names.emplace_back(item);
  }
  return names;
}

}  // namespace

void put_log_level(Yaml& section, Part part, Directive& directive) {
  const std::optional<std::string> text = text_of(directive);
  if (!text) return put_remark(section, directive);
  if (*text == "0" || conf::equal_ignoring_case(*text, "null")) {
    put(section, part, directive, "AccessLog", Yaml::text("none"));
    return;
  }
  const auto number = conf::parse_whole_number(*text);
  if (number && static_cast<std::size_t>(*number) > kMostLogLevel) {
    directive.leave_out("expected a level from 0 to 5");
    return put_remark(section, directive);
  }
  directive.change(
      "Pound has the Combined Log Format, and formats of your own, see AccessLog in "
      "pound.yaml(5)");
  put(section, part, directive, "AccessLog", Yaml::text("combined"));
}

bool put_error_page(Yaml& section, Part part, Directive& directive) {
  const bool is_long = directive.is("errorfile");
  const std::string status = is_long                            ? directive.argument()
                             : directive.name.starts_with(kErr) ? directive.name.substr(kErr.size())
                                                                : "";
  if (!is_long && !is_status(status)) return false;
  if (!is_status(status) || directive.arguments() != (is_long ? 2u : 1u)) {
    directive.leave_out("expected the name of a file");
    put_remark(section, directive);
    return true;
  }
  put(section, part, directive, "Err" + status, Yaml::text(directive.argument(is_long ? 1 : 0)));
  return true;
}

bool put_proxies(Context& context, Yaml& section, Part part, Directive& directive) {
  if (directive.is("forwardedheader")) {
    if (const auto text = text_of(directive)) {
      directive.change(
          "with TrustedProxies the client of this field counts everywhere, not only "
          "in the log");
      put(section, part, directive, "ClientField", Yaml::text(*text));
    } else {
      put_remark(section, directive);
    }
    return true;
  }
  if (!directive.is("trustedip")) return false;
  const auto networks = access_list_of(context, directive);
  if (networks) {
    directive.change("the client that these proxies name counts everywhere, not only in the log");
    put(section, part, directive, "TrustedProxies", Yaml::texts(*networks));
  } else {
    put_remark(section, directive);
  }
  return true;
}

void put_disable(Yaml& section, Part part, Directive& directive) {
  if (conf::equal_ignoring_case(directive.argument(), "TLSv1_2")) {
    put(section, part, directive, "MinTLS", Yaml::text("1.3"));
    return;
  }
  directive.leave_out("not needed: Pound speaks TLS 1.2 and 1.3 only");
  put_remark(section, directive);
}

void put_ciphers(Yaml& section, Part part, Directive& directive) {
  const std::vector<std::string> names = cipher_names(directive.argument());
  if (names.empty() || directive.arguments() != 1) {
    directive.leave_out(
        "Ciphers takes names of ciphers, not expressions; the default has forward "
        "secrecy and authenticated encryption only");
    return put_remark(section, directive);
  }
  put(section, part, directive, "Ciphers", Yaml::texts(names));
}

}  // namespace master::convert
