// See translate.h. The order of the sections, global directives, and the report.
#include "master/convert/translate.h"

#include <algorithm>
#include <array>
#include <utility>

#include "conf/diagnostic.h"
#include "conf/load.h"
#include "conf/scalar.h"
#include "master/convert/context.h"

namespace master::convert {
namespace {

using Shape = Key::Shape;

constexpr std::size_t kMostThreads = 65'535;

constexpr auto kKeys = std::to_array<Key>({
    {"user", "User"},
    {"group", "Group"},
    {"rootjail", "RootJail"},
    {"grace", "Grace", Shape::number, 0, kDay},
    {"alive", "Alive", Shape::number, 1, kDay},
    {"logfacility", "LogFacility"},
});

constexpr auto kNoKeys = std::to_array<NoKey>({
    {"sslengine", "Pound uses the instructions of the processor"},
    {"ecdhcurve", "not needed: the default curves of OpenSSL are used"},
    {"dhparams", "not needed: Pound offers ephemeral elliptic curves"},
    {"dynscale",
     "Pound does not change weights by itself; Balance: least or two looks at the load"},
    {"anonymise", "Pound logs whole addresses; a format of AccessLog can leave {client} out"},
    {"anonymize", "Pound logs whole addresses; a format of AccessLog can leave {client} out"},
    {"supervisor", "not needed: the master replaces dead workers"},
    {"workermincount", "Pound has processes, see Workers in pound.yaml(5)"},
    {"workeridletimeout", "Pound has processes, see Workers in pound.yaml(5)"},
    {"pidfile", "pound -p names the file"},
    {"includedir", "Pound reads one file; write whole paths"},
    {"logformat", "see AccessLog in pound.yaml(5) for formats of your own"},
    {"logtag", "Pound logs as pound"},
    {"headeroption", "Pound always sends X-Forwarded-For, -Proto, -Host and -Port"},
    {"combineheaders", "Pound passes fields on as they came"},
    {"resolver", "Pound asks the resolver of the system"},
    {"backendstats", "poundctl times shows them always"},
    {"regextype", "Pound has one kind of expressions, that of RE2"},
    {"watcherttl", "Pound reads files at a reload"},
    {"luaload", "Pound has no scripts"},
    {"luaglobal", "Pound has no scripts"},
    {"errtofile", "Pound logs to syslog"},
});

constexpr std::string_view kToListeners = "each listener has it";
constexpr std::string_view kToBackends = "each backend has it";

// The parts of the socket for poundctl.
struct Control {
  Directive* socket = nullptr;
  std::vector<Directive*> others;
};

class Translation {
 public:
  explicit Translation(Source& source) : source_(source) {}

  Yaml run(const std::string& name) {
    for (Directive& directive : source_.directives) read_setting(directive);
    for (Directive& directive : source_.directives) translate_global(directive);
    put_control();
    if (global_.find("Alive") == nullptr) {
      global_.add("Alive", Yaml::number(context_.alive));
      additions().push_back(
          {{}, "added, as Pound 2.x had it: Alive " + std::to_string(context_.alive)});
    }
    translate_shared();
    translate_listeners();
    return document(name);
  }

  std::vector<Addition>& additions() { return context_.additions; }

 private:
  // What others inherit, wherever it stands.
  void read_setting(Directive& directive) {
    const auto read = [&](std::string_view name, std::size_t most, std::string_view to,
                          auto& setting) {
      if (!directive.is(name)) return;
      const auto number = number_of(directive, 1, most);
      if (number) setting = *number;
      if (number && !to.empty()) directive.change(to);
    };
    read("client", kDay, kToListeners, context_.client);
    read("timeout", kDay, kToBackends, context_.timeout);
    read("connto", kDay, kToBackends, context_.connect);
    read("wstimeout", kDay, "here each listener has it, as StreamTimeOut", context_.stream);
    read("threads", kMostThreads, kThreads, context_.threads);
    read("workermaxcount", kMostThreads, kThreads, context_.threads);
    read("alive", kDay, "", context_.alive);
    if (directive.is("ignorecase")) {
      const auto truth = truth_of(directive);
      context_.ignores_case = truth.value_or(false);
      if (truth) directive.change("(?i) begins the expressions of URL");
    } else if (directive.is("balancer")) {
      context_.balance =
          conf::equal_ignoring_case(directive.argument(), "iwrr") ? "roundrobin" : "";
      directive.change("each service has it, as Balance");
    } else if (directive.is("acl")) {
      context_.access_lists[conf::to_lower(directive.argument())] = networks_of(directive);
      directive.change("it is written where it is used");
    } else if (directive.is("backend")) {
      Directive& copy = context_.named_backends[directive.argument()] = directive;
      for (Directive& child : copy.children) child.comments.clear();
    }
  }

  void translate_global(Directive& directive) {
    if (directive.is("listenhttp") || directive.is("listenhttps") || directive.is("service")) {
      return;
    }
    const bool is_setting = directive.fate != Fate::unknown && !directive.is("alive");
    if (is_setting) return put_remark(global_, directive);
    if (directive.is("backend")) return translate_named(directive);
    if (directive.is("logfacility") && directive.argument() == "-") {
      directive.leave_out("pound -F logs to standard output");
      return put_remark(global_, directive);
    }
    if (directive.is("daemon")) return put_daemon(directive);
    if (directive.is("loglevel")) return put_log_level(global_, Part::global, directive);
    if (directive.name.starts_with("control")) return read_control(directive);
    if (put_key(kKeys, global_, Part::global, directive) || drop(kNoKeys, global_, directive) ||
        put_error_page(global_, Part::global, directive) ||
        put_proxies(context_, global_, Part::global, directive)) {
      return;
    }
    put_unknown(global_, directive);
  }

  void translate_named(Directive& directive) {
    const std::string anchor = context_.take_anchor(directive.argument());
    context_.anchors_of_named[directive.argument()] = anchor;
    translate_backend(context_, directive, anchor, false);
  }

  void put_daemon(Directive& directive) {
    const auto truth = truth_of(directive);
    if (truth && !*truth) directive.leave_out("pound -F stays in the foreground");
    if (truth && *truth) directive.carry();
    put_remark(global_, directive);
  }

  void read_control(Directive& directive) {
    if (directive.is("control") && !directive.is_section && control_.socket == nullptr) {
      control_.socket = &directive;
      return;
    }
    if (!directive.is("control") || !directive.is_section) {
      control_.others.push_back(&directive);
      return;
    }
    directive.carry();
    put_remark(global_, directive);
    for (Directive& child : directive.children) {
      if (child.is("socket") && control_.socket == nullptr) {
        control_.socket = &child;
      } else {
        control_.others.push_back(&child);
      }
    }
  }

  void put_control() {
    Yaml control = Yaml::mapping();
    if (control_.socket != nullptr) control.add("Socket", Yaml::text(control_.socket->argument()));
    for (Directive* const directive : control_.others) {
      const std::string key = directive->is("controluser")                            ? "User"
                              : directive->is("controlgroup")                         ? "Group"
                              : directive->is("controlmode") || directive->is("mode") ? "Mode"
                                                                                      : "";
      if (key.empty() || control.empty()) {
        directive->leave_out(key.empty() ? "see CONTROL in pound.yaml(5)" : "there is no Control");
      } else if (control.find(key) != nullptr) {
        directive->leave_out("an earlier line has set " + key);
      } else {
        Yaml probe = control;
        probe.add(key, Yaml::text(directive->argument()));
        const std::string error = objection(Part::global, "Control", probe);
        if (error.empty()) control.add(key, Yaml::text(directive->argument()));
        if (error.empty()) directive->carry();
        if (!error.empty()) directive->leave_out(error);
      }
      put_remark(global_, *directive);
    }
    if (control_.socket == nullptr) return;
    control.is_short = true;
    put(global_, Part::global, *control_.socket, "Control", std::move(control));
  }

  // The global services, which all listeners try after their own.
  void translate_shared() {
    std::size_t number = 0;
    for (Directive& directive : source_.directives) {
      if (!directive.is("service")) continue;
      const std::string name = "service" + std::to_string(++number);
      Entry entry = translate_service(context_, directive, name);
      if (!entry.is_disabled) {
        const std::string& wish = directive.argument().empty() ? name : directive.argument();
        entry.value.anchor = context_.take_anchor(wish);
        shared_.push_back(entry.value.anchor);
        has_shared_session_ = has_shared_session_ || entry.value.find("Session") != nullptr;
      }
      services_.entries().push_back(std::move(entry));
    }
  }

  void translate_listeners() {
    std::vector<Directive> globals;
    for (const Directive& directive : source_.directives) {
      if (directive.is("service")) globals.push_back(directive);
    }
    const std::size_t stream_timeout = stream_timeout_of(context_, globals);
    std::size_t http = 0, https = 0;
    for (Directive& directive : source_.directives) {
      const bool is_https = directive.is("listenhttps");
      if (!is_https && !directive.is("listenhttp")) continue;
      std::string name =
          is_https ? "https" + std::to_string(++https) : "http" + std::to_string(++http);
      Yaml& listeners = is_https ? https_ : http_;
      for (const std::string& comment : directive.comments) listeners.comment(comment);
      if (!directive.argument().empty()) {
        name = directive.argument();
        listeners.comment(" Listener \"" + name + '"');
      }
      listeners.add("", translate_listener(context_, directive, name, shared_, stream_timeout));
    }
    if (!context_.backends.empty()) {
      additions().push_back({{},
                             "each backend has Threads: 0, which is no limit, as Pound 2.x had "
                             "none"});
    }
    if (http + https > 0) {
      additions().push_back(
          {{}, "a request that no service matches gets 404; Pound 2.x answered 503"});
    }
    if (has_shared_session_ && http + https > 1) {
      additions().push_back({{},
                             "each listener has its own sessions of the global services; in "
                             "Pound 2.x the listeners had them together"});
    }
  }

  Yaml document(const std::string& name) {
    Yaml document = Yaml::mapping();
    document.remark("Made by pound-convert from " + comment_text(name) +
                    ". Check it with `pound -c`, and read the report: it names each line that "
                    "works in another way here or was left out.");
    document.add("Global", std::move(global_));
    if (!context_.backends.empty()) document.add("Backends", std::move(context_.backends));
    if (!services_.empty()) document.add("Services", std::move(services_));
    if (!http_.empty()) document.add("HTTPListeners", std::move(http_));
    if (!https_.empty()) document.add("HTTPSListeners", std::move(https_));
    for (const std::string& comment : source_.trailing_comments) document.comment(comment);
    return document;
  }

  static constexpr std::string_view kThreads =
      "each listener serves so many requests at a time; a backend has no limit. Pound 2.x counted "
      "the connections of all listeners together";

  Source& source_;
  Context context_;
  Control control_;
  Yaml global_ = Yaml::mapping();
  Yaml services_ = Yaml::list();
  Yaml http_ = Yaml::list(), https_ = Yaml::list();
  std::vector<std::string> shared_;
  bool has_shared_session_ = false;
};

struct Counts {
  std::size_t carried = 0, changed = 0, left_out = 0;
};

std::string place(const Place& where) {
  return conf::shown(where.file) + ":" + std::to_string(where.line) + ": ";
}

void report(std::vector<Directive>& directives, std::string& out, Counts& counts) {
  for (Directive& directive : directives) {
    if (directive.fate == Fate::unknown) directive.leave_out("it is not known here");
    out += place(directive.where) + directive.text() + ": ";
    switch (directive.fate) {
      case Fate::unknown:
      case Fate::carried:
        ++counts.carried;
        out += "carried over";
        break;
      case Fate::changed:
        ++counts.changed;
        out += "changed: " + directive.why;
        break;
      case Fate::left_out:
        ++counts.left_out;
        out += "left out: " + directive.why;
        break;
    }
    out += '\n';
    report(directive.children, out, counts);
  }
}

std::string write_report(Source& source, const std::vector<Addition>& additions) {
  std::string out;
  Counts counts;
  report(source.directives, out, counts);
  for (const Addition& addition : additions) {
    if (addition.where.line != 0) out += place(addition.where);
    out += addition.text + '\n';
  }
  out += std::to_string(counts.carried) + " lines carried over, " + std::to_string(counts.changed) +
         " changed, " + std::to_string(counts.left_out) + " left out\n";
  return out;
}

// Warnings are for `pound -c`.
std::string errors_of(const std::string& yaml) {
  conf::Diagnostics all, errors;
  conf::load_text("pound.yaml", yaml, all);
  for (const conf::Diagnostic& diagnostic : all.all()) {
    if (diagnostic.severity == conf::Severity::error) {
      errors.error(diagnostic.where, diagnostic.message);
    }
  }
  return errors.text();
}

}  // namespace

Result translate(Source source, const std::string& name) {
  Translation translation(source);
  Result result;
  result.yaml = write_yaml(translation.run(name));
  result.report = write_report(source, translation.additions());
  result.errors = errors_of(result.yaml);
  return result;
}

}  // namespace master::convert
