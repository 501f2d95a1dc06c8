// A BackEnd or Emergency of Pound 2.x becomes an item of Backends.
#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "conf/scalar.h"
#include "master/convert/context.h"

namespace master::convert {
namespace {

using Shape = Key::Shape;

constexpr std::size_t kDefaultTimeout = 15;  // of Pound 2.x and of Pound
constexpr std::size_t kMostPeriod = 3600;    // of a check
constexpr std::size_t kMostCheck = 15;       // seconds for one check
constexpr std::size_t kMostPriority = 9;

constexpr auto kKeys = std::to_array<Key>({
    {"timeout", "TimeOut", Shape::number, 1, kDay},
    {"connto", "ConnTO", Shape::number, 1, kDay},
    {"disabled", "Disabled", Shape::truth},
});

constexpr auto kNoKeys = std::to_array<NoKey>({
    {"wstimeout", "here the listener has it, as StreamTimeOut"},
    {"family", "Pound uses all addresses of a name"},
    {"resolve",
     "Pound uses all addresses of a name and looks it up again, see Resolve in "
     "pound.yaml(5)"},
    {"resolvemode",
     "Pound uses all addresses of a name and looks it up again, see Resolve in "
     "pound.yaml(5)"},
    {"retryinterval", "see Resolve in pound.yaml(5)"},
    {"ignoresrvweight", "Pound does not ask for SRV records"},
    {"overridettl", "see Resolve in pound.yaml(5)"},
});

// The mapping of TLS; 2.x never checked the certificate of a backend.
Yaml& tls_of(Yaml& section) {
  if (Yaml* const old = section.find("TLS")) return *old;
  Yaml tls = Yaml::mapping();
  tls.add("Verify", Yaml::plain("false"));
  return section.add("TLS", std::move(tls)).value;
}

std::string objection_to_tls(std::string_view key, const std::string& value) {
  Yaml tls = Yaml::mapping();
  tls.add(key, Yaml::text(value));
  return objection(Part::backend, "TLS", tls);
}

void put_in_tls(Yaml& section, Directive& directive, std::string_view key,
                const std::string& value) {
  Yaml& tls = tls_of(section);
  const std::string error = objection_to_tls(key, value);
  if (tls.find(key) != nullptr) directive.leave_out("an earlier line has set " + std::string(key));
  if (!error.empty()) directive.leave_out(error);
  put_remark(tls, directive);
  if (directive.fate == Fate::left_out) return;
  tls.add(key, Yaml::text(value));
  directive.carry();
}

void put_tls(Yaml& section, Directive& directive) {
  directive.change(
      "Pound 2.x never checked the certificate of a backend; better set Verify: true, "
      "with CA and Name");
  put_remark(section, directive);
  tls_of(section);
  if (directive.arguments() == 1) put_in_tls(section, directive, "Cert", directive.argument());
}

void put_tls_limits(Yaml& section, Directive& directive) {
  Yaml limits = Yaml::mapping();
  if (directive.is("disable")) {
    put_disable(limits, Part::https_listener, directive);
  } else {
    put_ciphers(limits, Part::https_listener, directive);
  }
  Yaml& tls = tls_of(section);
  if (limits.empty()) return put_remark(tls, directive);
  Entry& entry = limits.entries().front();
  put_remark(tls, directive);
  if (tls.find(entry.key) == nullptr) tls.add(entry.key, std::move(entry.value));
}

bool put_tls_key(Yaml& section, Directive& directive) {
  if (directive.is("https")) {
    put_tls(section, directive);
  } else if (directive.is("cert")) {
    put_in_tls(section, directive, "Cert", directive.argument());
  } else if (directive.is("servername")) {
    directive.change("the backend gets the Host of the client, not this name");
    put_in_tls(section, directive, "Name", directive.argument());
  } else if (directive.is("disable") || directive.is("ciphers")) {
    put_tls_limits(section, directive);
  } else {
    return false;
  }
  return true;
}

// HAport [address] port: a check that makes a backend dead when nothing listens there.
void put_check(const Context& context, Yaml& section, Directive& directive, bool has_socket) {
  const auto port = conf::parse_whole_number(directive.argument(directive.arguments() == 2));
  if (directive.arguments() == 0 || directive.arguments() > 2 || !port || *port < 1 ||
      *port > 65535) {
    directive.leave_out("expected a port");
  } else if (has_socket) {
    directive.leave_out("a Unix socket has no port");
  }
  if (directive.fate == Fate::left_out) return put_remark(section, directive);
  if (directive.arguments() == 2) {
    directive.change("Pound checks the port at the address of the backend only");
  }
  const std::size_t period = std::min(context.alive, kMostPeriod);
  Yaml check = Yaml::mapping();
  check.is_short = true;
  check.add("Port", Yaml::number(static_cast<std::size_t>(*port)));
  check.add("Every", Yaml::number(period));
  check.add("Within", Yaml::number(std::min(period, kMostCheck)));
  check.add("Rise", Yaml::number(1));
  check.add("Fall", Yaml::number(1));
  put(section, Part::backend, directive, "Check", std::move(check));
}

void put_weight(Yaml& section, Directive& directive) {
  if (const auto weight = number_of(directive, 1, kMostPriority)) {
    put(section, Part::backend, directive, "Weight", Yaml::number(*weight));
  } else {
    put_remark(section, directive);
  }
}

void translate_line(const Context& context, Yaml& section, Directive& directive, bool has_socket) {
  if (put_key(kKeys, section, Part::backend, directive) || drop(kNoKeys, section, directive) ||
      put_tls_key(section, directive)) {
    return;
  }
  if (directive.is("address")) {
    const auto text = text_of(directive);
    if (!text) return put_remark(section, directive);
    put(section, Part::backend, directive, "Address", Yaml::text(*text));
  } else if (directive.is("port")) {
    put_port(section, Part::backend, directive, has_socket);
  } else if (directive.is("priority")) {
    put_weight(section, directive);
  } else if (directive.is("haport")) {
    put_check(context, section, directive, has_socket);
  } else {
    put_unknown(section, directive);
  }
}

// What Pound 2.x takes from the global settings, where the default here is another one.
void add_inherited(const Context& context, Yaml& section, bool has_weights) {
  const std::size_t timeout = context.timeout.value_or(kDefaultTimeout);
  if (timeout != kDefaultTimeout && section.find("TimeOut") == nullptr) {
    section.add("TimeOut", Yaml::number(timeout));
  }
  if (context.connect && section.find("ConnTO") == nullptr) {
    section.add("ConnTO", Yaml::number(*context.connect));
  }
  constexpr std::size_t kDefaultPriority = 5;
  if (has_weights && section.find("Weight") == nullptr) {
    section.add("Weight", Yaml::number(kDefaultPriority));
  }
  section.add("Threads", Yaml::number(0));
}

}  // namespace

void translate_backend(Context& context, Directive& directive, const std::string& anchor,
                       bool has_weights) {
  Yaml section = Yaml::mapping();
  section.anchor = anchor;
  const bool is_local = has_socket(directive);
  for (Directive& child : directive.children) translate_line(context, section, child, is_local);
  add_inherited(context, section, has_weights);
  for (const std::string& comment : directive.trailing_comments) section.comment(comment);
  for (const std::string& comment : directive.comments) context.backends.comment(comment);
  context.backends.add("", std::move(section));
  directive.carry();
}

}  // namespace master::convert
