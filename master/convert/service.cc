// A Service of Pound 2.x becomes an item of Services.
//
// A service that Pound 2.x would not use, and one with a condition that is lost, are written as
// comments: with fewer conditions it would take requests that were not its own.
#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "conf/scalar.h"
#include "master/convert/context.h"
#include "master/convert/regex.h"

namespace master::convert {
namespace {

constexpr std::size_t kYear = 31'536'000;

constexpr auto kNoKeys = std::to_array<NoKey>({
    {"dynscale",
     "Pound does not change weights by itself; Balance: least or two looks at the load"},
    {"logsuppress", "AccessLog: none is for all responses of a service"},
    {"rewritelocation", "here the listener has it"},
    {"rewritedestination", "here the listener has it"},
    {"trustedip", "here the listener has it, as TrustedProxies"},
    {"forwardedheader", "here the listener has it, as ClientField"},
    {"rewrite", "see Request, Reply and Rewrite in pound.yaml(5)"},
    {"seturl", "see Rewrite in pound.yaml(5)"},
    {"setpath", "see Rewrite in pound.yaml(5)"},
    {"setquery", "see Rewrite in pound.yaml(5)"},
    {"setqueryparam", "see Rewrite in pound.yaml(5)"},
    {"acme", "Pound serves no files; send /.well-known/acme-challenge to a web server"},
    {"sendfile", "Pound serves no files"},
    {"control", "poundctl(8) talks to the socket Control"},
    {"backendcookie", "see Session: {Type: INSERT} in pound.yaml(5)"},
});

// What the lines of a service have said so far.
struct Service {
  Yaml yaml = Yaml::mapping();
  std::string name;  // of anchors
  bool ignores_case = false;
  bool has_weights = false;
  bool is_whole = true;  // no condition is lost
  bool is_disabled = false;
  bool has_lost_answer = false;  // a redirect, say
  std::vector<std::string> backends, emergency;
};

Yaml aliases(const std::vector<std::string>& anchors) {
  if (anchors.size() == 1) return Yaml::alias(anchors.front());
  Yaml list = Yaml::list();
  list.is_short = true;
  for (const std::string& anchor : anchors) list.add("", Yaml::alias(anchor));
  return list;
}

void put_session(Yaml& service, Directive& directive) {
  Yaml session = Yaml::mapping();
  session.is_short = true;
  for (Directive& child : directive.children) {
    if (child.is("type") && child.arguments() == 1) {
      session.add("Type", Yaml::text(child.argument()));
      child.carry();
    } else if (child.is("ttl")) {
      if (const auto ttl = number_of(child, 1, kYear)) session.add("TTL", Yaml::number(*ttl));
      if (child.fate == Fate::unknown) child.carry();
    } else if (child.is("id") && child.arguments() == 1) {
      session.add("ID", Yaml::text(child.argument()));
      child.carry();
    } else {
      child.leave_out("Pound 2.x has no such directive for a session");
    }
    put_remark(service, child);
  }
  put(service, Part::service, directive, "Session", std::move(session));
}

// The URL of a redirect with the variables of Pound. 4.x had $1 and %[name].
std::string redirect_url(std::string_view url) {
  struct Accessor {
    std::string_view old, now;
  };
  constexpr auto kAccessors = std::to_array<Accessor>({{"%[header host]", "$host"},
                                                       {"%[host]", "$host"},
                                                       {"%[path]", "$path"},
                                                       {"%[query]", "$query"},
                                                       {"%[url]", "$path?$query"}});
  std::string out;
  for (std::size_t at = 0; at < url.size();) {
    const std::string_view rest = url.substr(at);
    const auto accessor = std::ranges::find_if(kAccessors, [&](const Accessor& candidate) {
      return conf::equal_ignoring_case(rest.substr(0, candidate.old.size()), candidate.old);
    });
    const bool is_escape = rest.starts_with("$$") || rest.starts_with("$%");
    if (accessor != kAccessors.end()) {
      out += accessor->now;
      at += accessor->old.size();
    } else if (is_escape) {
      out += rest[1] == '$' ? "$$" : "%";
      at += 2;
    } else if (rest.starts_with('$') && (rest.size() == 1 || !conf::is_digit(rest[1]))) {
      out += "$$";
      ++at;
    } else {
      out += rest.front();
      ++at;
    }
  }
  return out;
}

void put_redirect(Service& service, Directive& directive) {
  constexpr std::array<std::string_view, 5> kCodes{"301", "302", "303", "307", "308"};
  const bool has_code = directive.arguments() == 2;
  const std::string code = has_code ? directive.argument() : "302";
  if (directive.arguments() == 0 || directive.arguments() > 2 ||
      std::ranges::find(kCodes, code) == kCodes.end()) {
    directive.leave_out("expected a code and a URL");
  } else if (!service.backends.empty() || service.yaml.find("Redirect") != nullptr) {
    directive.leave_out("a service has either backends or one redirect");
  }
  if (directive.fate == Fate::left_out) return put_remark(service.yaml, directive);
  const std::string& old = directive.argument(has_code ? 1 : 0);
  Yaml redirect = Yaml::mapping();
  redirect.is_short = true;
  redirect.add("Code", Yaml::plain(code));
  redirect.add("URL", Yaml::text(redirect_url(old)));
  // $1 needs the URL of the service, so the whole service is tried.
  Yaml probe = service.yaml;
  for (const std::string_view key : {"Session", "Request", "Balance", "Disabled"}) {
    std::erase_if(probe.entries(), [&](const Entry& entry) { return entry.key == key; });
  }
  probe.add("Redirect", redirect);
  if (const std::string error = objection_to_service(probe); !error.empty()) {
    directive.leave_out(error);
    return put_remark(service.yaml, directive);
  }
  directive.carry();
  put_remark(service.yaml, directive);
  service.yaml.add("Redirect", std::move(redirect));
}

void put_error(Service& service, Directive& directive) {
  const bool has_page = directive.arguments() == 2;
  Yaml respond = Yaml::mapping();
  respond.is_short = true;
  respond.add("Code", Yaml::text(directive.argument()));
  if (has_page) respond.add("File", Yaml::text(directive.argument(1)));
  if (has_page) respond.add("Type", Yaml::text("text/html; charset=utf-8"));
  put(service.yaml, Part::service, directive, "Respond", std::move(respond));
}

// A BackEnd of a service may refer to one of 4.x that has a name, and change it.
void add_backend(Context& context, Service& service, Directive& directive) {
  const bool is_emergency = directive.is("emergency");
  std::vector<std::string>& anchors = is_emergency ? service.emergency : service.backends;
  if (service.yaml.find("Redirect") != nullptr) {
    directive.leave_out("a service has either backends or one redirect");
    for (Directive& child : directive.children)
      child.leave_out("part of a backend that is left out");
    return put_remark(service.yaml, directive);
  }
  const bool has_weights = service.has_weights && !is_emergency;
  const auto named = context.named_backends.find(directive.argument());
  std::string anchor = service.name;
  anchor += is_emergency ? "-emergency" : "-" + std::to_string(anchors.size() + 1);
  anchors.push_back(context.take_anchor(anchor));
  if (named == context.named_backends.end()) {
    return translate_backend(context, directive, anchors.back(), has_weights);
  }
  Directive merged = named->second;
  for (Directive& child : directive.children) {
    std::erase_if(merged.children, [&](const Directive& old) { return old.is(child.name); });
    child.carry();
    merged.children.push_back(child);
  }
  merged.comments = directive.comments;
  translate_backend(context, merged, anchors.back(), has_weights);
  directive.carry();
}

void use_backend(Context& context, Service& service, Directive& directive) {
  const auto anchor = context.anchors_of_named.find(directive.argument());
  if (anchor == context.anchors_of_named.end()) {
    directive.leave_out("there is no backend of this name");
  } else {
    service.backends.push_back(anchor->second);
    directive.carry();
  }
  put_remark(service.yaml, directive);
}

void put_balancer(Yaml& section, Directive& directive) {
  const bool is_random = conf::equal_ignoring_case(directive.argument(), "random");
  if (!is_random && !conf::equal_ignoring_case(directive.argument(), "iwrr")) {
    directive.leave_out("expected random or iwrr");
    return put_remark(section, directive);
  }
  put(section, Part::service, directive, "Balance",
      Yaml::text(is_random ? "random" : "roundrobin"));
}

void disable(Service& service, Directive& directive) {
  const std::optional<bool> disabled = truth_of(directive);
  if (disabled.value_or(false)) {
    service.is_disabled = true;
    directive.change(
        "Pound 2.x tries the next service instead; with Disabled: true, Pound would "
        "answer 503, so this service is a comment");
  } else if (disabled) {
    directive.carry();
  }
  put_remark(service.yaml, directive);
}

void translate_line(Context& context, Service& service, Directive& directive) {
  if (put_condition(context, service.yaml, directive, service.ignores_case)) {
    service.is_whole = service.is_whole && directive.fate != Fate::left_out;
    return;
  }
  if (put_header_edit(service.yaml, Part::service, directive, "")) return;
  if (put_error_page(service.yaml, Part::service, directive)) return;
  if (directive.is("backend") || directive.is("emergency")) {
    add_backend(context, service, directive);
  } else if (directive.is("usebackend")) {
    use_backend(context, service, directive);
  } else if (directive.is("session")) {
    put_session(service.yaml, directive);
  } else if (directive.is("redirect")) {
    put_redirect(service, directive);
  } else if (directive.is("error")) {
    put_error(service, directive);
  } else if (directive.is("metrics")) {
    put(service.yaml, Part::service, directive, "Serve", Yaml::text("metrics"));
  } else if (directive.is("balancer")) {
    put_balancer(service.yaml, directive);
  } else if (directive.is("disabled")) {
    disable(service, directive);
  } else if (directive.is("ignorecase")) {
    if (truth_of(directive)) directive.carry();
    put_remark(service.yaml, directive);
  } else if (!drop(kNoKeys, service.yaml, directive)) {
    put_unknown(service.yaml, directive);
  }
  const bool is_answer = directive.is("redirect") || directive.is("error") ||
                         directive.is("usebackend") || directive.is("sendfile") ||
                         directive.is("acme");
  service.has_lost_answer |= is_answer && directive.fate == Fate::left_out;
}

void add_backends(const Context& context, Service& service) {
  if (!service.backends.empty()) service.yaml.add("Backends", aliases(service.backends));
  if (!service.emergency.empty()) service.yaml.add("Emergency", aliases(service.emergency));
  if (service.backends.size() > 1 && !context.balance.empty() &&
      service.yaml.find("Balance") == nullptr) {
    service.yaml.add("Balance", Yaml::text(context.balance));
  }
  const bool answers = std::ranges::any_of(service.yaml.entries(), [](const Entry& entry) {
    return entry.key == "Backends" || entry.key == "Redirect" || entry.key == "Respond" ||
           entry.key == "Serve";
  });
  if (!answers) {
    service.yaml.remark(service.has_lost_answer ? "Its answer is left out, so it answers 503."
                                                : "It has no backend, so it answers 503.");
    service.yaml.add("Respond", Yaml::number(503));
  }
}

// Why the service is written as a comment; empty if it is not.
std::string reason_to_disable(const Service& service, Directive& directive) {
  if (!service.is_whole) return "one of its conditions is lost, so it is a comment";
  if (service.is_disabled) return "it is disabled, so it is a comment";
  std::string error = objection_to_service(service.yaml);
  if (!error.empty()) directive.leave_out(error);
  return error;
}

bool has_priority(const Directive& service) {
  return std::ranges::any_of(service.children, [](const Directive& backend) {
    return std::ranges::any_of(backend.children,
                               [](const Directive& line) { return line.is("priority"); });
  });
}

// What anchors are called: the service's own name, else the host that it is for.
std::string name_of(const Directive& service, const std::string& otherwise) {
  if (!service.argument().empty()) return service.argument();
  for (const Directive& child : service.children) {
    if (child.is("host") && child.arguments() == 1) return child.argument();
    std::string host = child.is("headrequire") ? host_of(child.argument()) : "";
    if (!host.empty()) return host;
  }
  return otherwise;
}

void mark_commented(Directive& directive) {
  for (Directive& child : directive.children) {
    if (child.fate != Fate::left_out) child.change("it is in a comment");
    mark_commented(child);
  }
}

}  // namespace

Entry translate_service(Context& context, Directive& directive, const std::string& name) {
  Service service;
  service.name = name_of(directive, name);
  service.ignores_case = context.ignores_case;
  service.has_weights = has_priority(directive);
  for (Directive& child : directive.children) {
    if (!child.is("ignorecase")) continue;
    service.ignores_case = truth_of(child).value_or(service.ignores_case);
  }
  const std::size_t first_backend = context.backends.entries().size();
  for (Directive& child : directive.children) translate_line(context, service, child);
  add_backends(context, service);
  for (const std::string& comment : directive.trailing_comments) service.yaml.comment(comment);

  Entry entry{"", std::move(service.yaml), directive.comments, false};
  service.yaml = entry.value;
  const std::string reason = reason_to_disable(service, directive);
  if (!directive.argument().empty()) {
    entry.comments.push_back(" Service \"" + directive.argument() + '"');
  }
  if (reason.empty()) {
    directive.carry();
    return entry;
  }
  if (service.is_disabled && service.is_whole) {
    directive.change(reason);
  } else {
    directive.leave_out(reason);
  }
  entry.comments.push_back(" Not in use: " + reason);
  entry.is_disabled = true;
  mark_commented(directive);
  std::vector<Entry>& backends = context.backends.entries();
  for (std::size_t at = first_backend; at < backends.size(); ++at) backends[at].is_disabled = true;
  return entry;
}

}  // namespace master::convert
