// The conditions of a service: URL, HeadRequire and HeadDeny of 2.x, and those of 4.x.
//
// A condition that Pound cannot express is left out. The caller must not use such a service,
// because it would take requests that were not its own.
#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "conf/scalar.h"
#include "master/convert/context.h"
#include "master/convert/regex.h"

namespace master::convert {
namespace {

enum class How : std::uint8_t { regex, exact, begin, end, contain };

struct Option {
  std::string_view text;
  How how;
};
constexpr auto kOptions = std::to_array<Option>({{"-re", How::regex},
                                                 {"-exact", How::exact},
                                                 {"-beg", How::begin},
                                                 {"-end", How::end},
                                                 {"-contain", How::contain}});

constexpr auto kNoKeys = std::to_array<NoKey>({
    {"basicauth",
     "here every request of a service must have a password: Auth: {Realm: ..., Users: "
     "...}"},
    {"auth",
     "here every request of a service must have a password: Auth: {Realm: ..., Users: ...}"},
    {"query", "Pound has conditions for single parameters: Query: {name: expression}"},
    {"stringmatch", "Pound has no such condition"},
    {"luamatch", "Pound has no scripts"},
    {"clientcert", "Pound has no such condition; see ClientCert of a listener"},
    {"queryhash", "Pound has no such condition"},
    {"tbf", "see Limit in pound.yaml(5)"},
});

// The arguments of a condition of 4.x: options, then texts.
struct Match {
  How how = How::regex;
  bool ignores_case = false;
  std::vector<std::string> texts;
  std::string error;
};

// The arguments from word `first` on.
Match match_of(const Directive& directive, std::size_t first, How how, bool ignores_case) {
  Match match{how, ignores_case, {}, ""};
  for (std::size_t at = first; at < directive.words.size(); ++at) {
    const Word& word = directive.words[at];
    if (word.is_quoted || !word.text.starts_with('-')) {
      match.texts.push_back(word.text);
      continue;
    }
    const std::string option = conf::to_lower(word.text);
    const auto known = std::ranges::find(kOptions, option, &Option::text);
    if (known != kOptions.end()) {
      match.how = known->how;
    } else if (option == "-icase" || option == "-case") {
      match.ignores_case = option == "-icase";
    } else {
      match.error = "Pound has nothing like the option " + option;
    }
  }
  return match;
}

// The last text of a match as an expression; `at_end` stands for the end of the searched text.
Regex regex_of(const Match& match, std::string_view at_begin, std::string_view at_end) {
  const std::string& text = match.texts.back();
  std::string prefix = match.ignores_case ? "(?i)" : "";
  switch (match.how) {
    case How::regex:
      return to_re2(text, match.ignores_case);
    case How::exact:
      return {prefix.append(at_begin).append(escaped(text)).append(at_end), "", ""};
    case How::begin:
      return {prefix.append(at_begin).append(escaped(text)), "", ""};
    case How::end:
      return {prefix.append(escaped(text)).append(at_end), "", ""};
    case How::contain:
      return {prefix.append(escaped(text)), "", ""};
  }
  return {};
}

// Whether the directive can go on with this expression.
bool is_usable(Directive& directive, const Match& match, const Regex& regex) {
  if (!match.error.empty()) directive.leave_out(match.error);
  if (!regex.error.empty()) directive.leave_out(regex.error);
  if (!regex.change.empty()) directive.change(regex.change);
  return directive.fate != Fate::left_out;
}

// False, and the directive is left out, when it has no text or too many.
bool has_texts(Directive& directive, const Match& match, std::size_t wanted) {
  if (match.texts.size() == wanted && !match.texts.back().empty()) return true;
  directive.leave_out("expected " + std::string(wanted == 1 ? "one value" : "a name and a value"));
  return false;
}

void put_url(Yaml& service, Directive& directive, bool ignores_case) {
  const Match match = match_of(directive, 1, How::regex, ignores_case);
  if (!has_texts(directive, match, 1)) return put_remark(service, directive);
  const Regex regex = regex_of(match, "^", "$");
  if (service.find("URL") != nullptr) {
    directive.leave_out("a service has one URL, and all of several had to match");
  }
  if (!is_usable(directive, match, regex)) return put_remark(service, directive);
  put(service, Part::service, directive, "URL", Yaml::text(regex.text));
}

void put_path(Yaml& service, Directive& directive, bool ignores_case) {
  const Match match = match_of(directive, 1, How::regex, ignores_case);
  if (!has_texts(directive, match, 1)) return put_remark(service, directive);
  Regex regex = regex_of(match, "^", "(\\?|$)");
  if (match.how == How::regex) {
    if (regex.text.ends_with('$') && !regex.text.ends_with("\\$")) {
      regex.text = regex.text.substr(0, regex.text.size() - 1) + "(\\?|$)";
    }
    directive.change("URL is searched in the path and the query");
  }
  if (service.find("URL") != nullptr) {
    directive.leave_out("a service has one URL, and all of several had to match");
  }
  if (!is_usable(directive, match, regex)) return put_remark(service, directive);
  put(service, Part::service, directive, "URL", Yaml::text(regex.text));
}

void put_header(Yaml& service, Directive& directive, std::size_t first, std::string_view key) {
  Match match = match_of(directive, first, How::regex, false);
  if (!has_texts(directive, match, 1)) return put_remark(service, directive);
  match.ignores_case = false;  // Pound ignores case anyway
  const Regex regex = regex_of(match, "^", "$");
  if (!is_usable(directive, match, regex)) return put_remark(service, directive);
  put_item(service, Part::service, directive, key, regex.text);
  const std::string host = host_of(match.texts.back());
  if (host.empty() || key != "HeadRequire" || directive.fate == Fate::left_out) return;
  service.remark("`Host: " + host + "` is simpler and faster, and matches this host only.");
}

void put_host(Yaml& service, Directive& directive) {
  const Match match = match_of(directive, 1, How::exact, true);
  if (!has_texts(directive, match, 1)) return put_remark(service, directive);
  if (match.how == How::exact && match.error.empty()) {
    put(service, Part::service, directive, "Host", Yaml::text(match.texts.back()));
    return;
  }
  const bool begins =
      match.how == How::begin || (match.how == How::regex && match.texts.back().starts_with('^'));
  Match plain = match;
  plain.ignores_case = false;
  if (begins && match.how == How::regex) plain.texts.back().erase(0, 1);
  const Regex regex = regex_of(plain, "", "$");
  if (!is_usable(directive, match, regex)) return put_remark(service, directive);
  put_item(service, Part::service, directive, "HeadRequire",
           std::string(begins ? "^Host: *" : "^Host:.*") + "(?:" + regex.text + ")");
}

void put_parameter(Yaml& service, Directive& directive, bool ignores_case) {
  const Match match = match_of(directive, 1, How::regex, ignores_case);
  if (!has_texts(directive, match, 2)) return put_remark(service, directive);
  const Regex regex = regex_of(match, "^", "$");
  if (!is_usable(directive, match, regex)) return put_remark(service, directive);
  Yaml query = Yaml::mapping();
  query.is_short = true;
  query.add(match.texts.front(), Yaml::text(regex.text));
  put(service, Part::service, directive, "Query", std::move(query));
}

void put_clients(Context& context, Yaml& service, Directive& directive, std::string_view list) {
  const auto networks = access_list_of(context, directive);
  if (!networks) return put_remark(service, directive);
  directive.change("other clients get 403, and no later service is tried for them");
  Yaml clients = Yaml::mapping();
  clients.add(list, Yaml::texts(*networks));
  put(service, Part::service, directive, "Clients", std::move(clients));
}

void put_not(Context& context, Yaml& service, Directive& directive) {
  const std::string name = directive.words.size() < 2 ? "" : conf::to_lower(directive.argument());
  if (name == "header" || name == "headrequire") {
    return put_header(service, directive, 2, "HeadDeny");
  }
  if (name == "acl" && directive.is_section) {
    return put_clients(context, service, directive, "Deny");
  }
  const Match match = match_of(directive, 2, How::exact, true);
  if (name == "host" && match.how == How::exact && match.error.empty() && match.texts.size() == 1) {
    Yaml denied = Yaml::mapping();
    denied.is_short = true;
    denied.add("Host", Yaml::text(match.texts.front()));
    put(service, Part::service, directive, "Not", std::move(denied));
    return;
  }
  for (Directive& child : directive.children)
    child.leave_out("part of a condition that is left out");
  directive.leave_out(
      "Pound negates HeadRequire (HeadDeny), Host, Path, Methods, Query and Header "
      "(Not) only");
  put_remark(service, directive);
}

// Match AND is the same as its conditions; Match OR of hosts is a list of hosts.
void put_match(Context& context, Yaml& service, Directive& directive, bool ignores_case) {
  const bool is_or = conf::equal_ignoring_case(directive.argument(), "or");
  const auto is_exact_host = [](const Directive& child) {
    const Match match = match_of(child, 1, How::exact, true);
    return child.is("host") && match.how == How::exact && match.error.empty() &&
           match.texts.size() == 1;
  };
  directive.carry();
  if (!is_or) {
    put_remark(service, directive);
    for (Directive& child : directive.children) {
      if (!put_condition(context, service, child, ignores_case)) {
        child.leave_out("Pound 2.x has no such condition");
      }
      if (child.fate == Fate::left_out) directive.leave_out("one of its conditions is left out");
    }
    return;
  }
  if (directive.children.empty() || service.find("Host") != nullptr ||
      !std::ranges::all_of(directive.children, is_exact_host)) {
    for (Directive& child : directive.children) child.leave_out("part of a Match that is left out");
    directive.leave_out(
        "of alternatives, Pound can express hosts only; write a service for each "
        "of them");
    return put_remark(service, directive);
  }
  put_remark(service, directive);
  for (Directive& child : directive.children) {
    put_item(service, Part::service, child, "Host",
             match_of(child, 1, How::exact, true).texts.front());
    if (child.fate == Fate::left_out) directive.leave_out("one of its hosts is left out");
  }
}

}  // namespace

bool put_condition(Context& context, Yaml& service, Directive& directive, bool ignores_case) {
  if (directive.is("url")) {
    put_url(service, directive, ignores_case);
  } else if (directive.is("path")) {
    put_path(service, directive, ignores_case);
  } else if (directive.is("headrequire") || directive.is("header")) {
    put_header(service, directive, 1, "HeadRequire");
  } else if (directive.is("headdeny")) {
    put_header(service, directive, 1, "HeadDeny");
  } else if (directive.is("host")) {
    put_host(service, directive);
  } else if (directive.is("queryparam")) {
    put_parameter(service, directive, ignores_case);
  } else if (directive.is("acl")) {
    put_clients(context, service, directive, "Allow");
  } else if (directive.is("not")) {
    put_not(context, service, directive);
  } else if (directive.is("match")) {
    put_match(context, service, directive, ignores_case);
  } else {
    return drop(kNoKeys, service, directive);
  }
  return true;
}

}  // namespace master::convert
