// A ListenHTTP or ListenHTTPS of Pound 2.x becomes an item of HTTPListeners or HTTPSListeners.
#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "conf/scalar.h"
#include "master/convert/context.h"

namespace master::convert {
namespace {

using Shape = Key::Shape;

constexpr std::size_t kMostBody = std::size_t{1} << 50;

constexpr auto kKeys = std::to_array<Key>({
    {"address", "Address"},
    {"client", "Client", Shape::number, 1, kDay},
    {"rewritelocation", "RewriteLocation", Shape::number, 0, 2},
    {"rewritedestination", "RewriteDestination", Shape::truth},
    {"maxuri", "MaxURI", Shape::number, 64, 64u << 10},
});

// Only in ListenHTTPS.
constexpr auto kTlsKeys = std::to_array<Key>({
    {"stricttransportsecurity", "HSTS", Shape::number, 0, 2 * 31'536'000},
});

constexpr auto kNoKeys = std::to_array<NoKey>({
    {"sslhonorcipherorder", "not needed: the order of Pound's own list counts"},
    {"sslallowclientrenegotiation", "not needed: Pound never renegotiates"},
    {"nohttps11", "not needed: it was for Internet Explorer"},
    {"ssluncleanshutdown", "not needed: it was for Internet Explorer"},
    {"forcehttp10", "not needed: it was for old clients"},
    {"errnossl", "a client that speaks HTTP to this port gets 400"},
    {"nosslredirect", "a client that speaks HTTP to this port gets 400; redirect at another port"},
    {"checkurl",
     "Pound has no expression that all requests of a listener must match. Requests "
     "that this one refused now reach the services: set URL or Path in each of them"},
    {"socketfrom", "it was for tests"},
    {"notifyto", "it was for tests"},
    {"headeroption", "Pound always sends X-Forwarded-For, -Proto, -Host and -Port"},
    {"acme", "Pound serves no files; send /.well-known/acme-challenge to a web server"},
    {"allowclientrenegotiation", "not needed: Pound never renegotiates"},
    {"rewrite", "see Request, Reply and Rewrite in pound.yaml(5)"},
    {"seturl", "see Rewrite in pound.yaml(5)"},
    {"setpath", "see Rewrite in pound.yaml(5)"},
    {"setquery", "see Rewrite in pound.yaml(5)"},
    {"setqueryparam", "see Rewrite in pound.yaml(5)"},
    {"ecdhcurve", "not needed: the default curves of OpenSSL are used"},
    {"dhparams", "not needed: Pound offers ephemeral elliptic curves"},
    {"logsuppress", "AccessLog: none is for all responses"},
});

// The methods of each level of xHTTP, added to those of the levels before it.
constexpr std::array<std::string_view, 5> kMethods{
    "GET HEAD POST", "DELETE PATCH PUT",
    "CHECKOUT COPY LOCK MERGE MKACTIVITY MKCOL MOVE OPTIONS PROPFIND PROPPATCH REPORT SEARCH "
    "UNLOCK",
    "BCOPY BDELETE BMOVE BPROPFIND BPROPPATCH NOTIFY POLL SUBSCRIBE UNSUBSCRIBE",
    "RPC_IN_DATA RPC_OUT_DATA"};
constexpr std::size_t kFirstUnregistered = 3;  // Pound knows the methods of the levels before it

// Directives about certificates of clients, which make one key.
struct ClientCert {
  Directive* mode = nullptr;
  Directive* ca_list = nullptr;
  Directive* verify_list = nullptr;
  Directive* crl = nullptr;
};

struct Listener {
  Yaml yaml = Yaml::mapping();
  Part part = Part::http_listener;
  std::string_view scheme = "http";
  std::size_t methods = 0;  // the level of xHTTP
  ClientCert client_cert;
  bool has_413 = false;
  bool has_socket = false;
  std::vector<Directive*> services;
};

std::vector<std::string> methods_of(std::size_t first, std::size_t last) {
  std::vector<std::string> methods;
  for (std::size_t level = first; level <= last; ++level) {
    std::string_view rest = kMethods.at(level);
    while (!rest.empty()) {
      const std::size_t end = std::min(rest.find(' '), rest.size());
      methods.emplace_back(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  std::ranges::sort(methods);
  return methods;
}

void put_methods(Listener& listener, Directive& directive) {
  const auto level = number_of(directive, 0, kMethods.size() - 1);
  if (!level) return put_remark(listener.yaml, directive);
  listener.methods = *level;
  directive.change("the first service answers other methods with 501");
  if (*level >= 2) directive.change("Pound never takes CONNECT and TRACE");
  if (*level < kFirstUnregistered) return put_remark(listener.yaml, directive);
  Yaml methods = Yaml::texts(methods_of(kFirstUnregistered, *level));
  methods.is_short = true;
  put(listener.yaml, listener.part, directive, "Methods", std::move(methods));
}

void put_max_request(Listener& listener, Directive& directive) {
  const auto bytes = number_of(directive, 0, kMostBody);
  if (!bytes) return put_remark(listener.yaml, directive);
  if (*bytes > 0) directive.change("a longer body gets 413");
  put(listener.yaml, listener.part, directive, "MaxRequest", Yaml::number(*bytes));
}

// Pound 2.x answered 414 to a body that is too long.
void put_page(Listener& listener, Directive& directive) {
  const bool is_414 = directive.is("err414") && !listener.has_413;
  if (is_414) directive.change("the page is also that of 413, which Pound sends for a long body");
  put_error_page(listener.yaml, listener.part, directive);
  if (!is_414 || directive.fate == Fate::left_out) return;
  listener.yaml.add("Err413", Yaml::text(directive.argument()));
}

bool is_client_cert(Listener& listener, Directive& directive) {
  ClientCert& cert = listener.client_cert;
  const std::array<std::pair<std::string_view, Directive**>, 4> parts{
      {{"clientcert", &cert.mode},
       {"calist", &cert.ca_list},
       {"verifylist", &cert.verify_list},
       {"crllist", &cert.crl}}};
  for (const auto& [name, place] : parts) {
    if (!directive.is(name)) continue;
    if (*place != nullptr) directive.leave_out("an earlier line has set it");
    if (*place == nullptr) *place = &directive;
    return true;
  }
  return false;
}

std::string client_cert_error(const ClientCert& cert) {
  const std::string& mode = cert.mode == nullptr ? "0" : cert.mode->argument();
  if (mode == "0") return "the listener does not ask clients for certificates";
  if (mode == "3") return "Pound does not take certificates without a check";
  if (mode != "1" && mode != "2") return "expected a mode from 0 to 3";
  if (cert.ca_list == nullptr && cert.verify_list == nullptr) {
    return "Pound needs the authorities of the certificates, as VerifyList had them";
  }
  return "";
}

void put_client_cert(Listener& listener) {
  const ClientCert& cert = listener.client_cert;
  const std::array<Directive*, 4> all{cert.mode, cert.ca_list, cert.verify_list, cert.crl};
  if (std::ranges::all_of(all, [](const Directive* one) { return one == nullptr; })) return;
  std::string error = client_cert_error(cert);
  Yaml value = Yaml::mapping();
  if (error.empty()) {
    value.add("Mode", Yaml::text(cert.mode->argument() == "2" ? "require" : "ask"));
    const Directive* const ca = cert.verify_list != nullptr ? cert.verify_list : cert.ca_list;
    value.add("CA", Yaml::text(ca->argument()));
    if (cert.crl != nullptr) value.add("CRL", Yaml::text(cert.crl->argument()));
    const auto depth = conf::parse_whole_number(cert.mode->argument(1));
    if (depth && *depth >= 1 && *depth <= 9)
      value.add("Depth", Yaml::plain(cert.mode->argument(1)));
    error = objection(listener.part, "ClientCert", value);
  }
  if (error.empty() && cert.ca_list != nullptr && cert.verify_list != nullptr) {
    cert.ca_list->change("clients are told the authorities of VerifyList");
  }
  for (Directive* const one : all) {
    if (one == nullptr) continue;
    if (!error.empty() && one->argument() != "0") one->leave_out(error);
    one->carry();
    put_remark(listener.yaml, *one);
  }
  if (error.empty()) listener.yaml.add("ClientCert", std::move(value));
}

bool put_tls(Listener& listener, Directive& directive) {
  if (listener.part != Part::https_listener) return false;
  if (put_key(kTlsKeys, listener.yaml, listener.part, directive)) return true;
  if (directive.is("cert") || directive.is("certdir")) {
    if (const auto text = text_of(directive)) {
      put_item(listener.yaml, listener.part, directive, "Certificates", *text);
    } else {
      put_remark(listener.yaml, directive);
    }
  } else if (directive.is("disable")) {
    put_disable(listener.yaml, listener.part, directive);
  } else if (directive.is("ciphers")) {
    put_ciphers(listener.yaml, listener.part, directive);
  } else {
    return is_client_cert(listener, directive);
  }
  return true;
}

void translate_line(Context& context, Listener& listener, Directive& directive) {
  Yaml& yaml = listener.yaml;
  const Part part = listener.part;
  if (directive.is("service")) {
    listener.services.push_back(&directive);
  } else if (directive.is("port")) {
    put_port(yaml, part, directive, listener.has_socket);
  } else if (directive.is("xhttp")) {
    put_methods(listener, directive);
  } else if (directive.is("maxrequest")) {
    put_max_request(listener, directive);
  } else if (directive.is("loglevel")) {
    put_log_level(yaml, part, directive);
  } else if (directive.is("err414")) {
    put_page(listener, directive);
  } else if (put_key(kKeys, yaml, part, directive) || drop(kNoKeys, yaml, directive) ||
             put_tls(listener, directive) || put_error_page(yaml, part, directive) ||
             put_proxies(context, yaml, part, directive) ||
             put_header_edit(yaml, part, directive, listener.scheme)) {
    return;
  } else {
    put_unknown(yaml, directive);
  }
}

// Where Pound has another default than Pound 2.x.
void add_defaults(Context& context, Listener& listener, const Directive& directive,
                  std::size_t stream_timeout) {
  std::string added;
  const auto add = [&](std::string_view key, std::size_t value) {
    if (listener.yaml.find(key) != nullptr) return;
    listener.yaml.add(key, Yaml::number(value));
    added += (added.empty() ? "" : ", ") + std::string(key) + ' ' + std::to_string(value);
  };
  add("Client", context.client);
  add("RewriteLocation", 1);
  add("Threads", context.threads);
  add("StreamTimeOut", stream_timeout);
  context.additions.push_back({directive.where, "added, as Pound 2.x had it: " + added});
}

// A first service that answers the methods which xHTTP did not allow.
Entry guard(std::size_t level) {
  Yaml methods = Yaml::texts(methods_of(0, level));
  methods.is_short = true;
  Yaml allowed = Yaml::mapping();
  allowed.is_short = true;
  allowed.add("Methods", std::move(methods));
  Yaml service = Yaml::mapping();
  service.add("Not", std::move(allowed));
  service.add("Respond", Yaml::number(501));
  return {"",
          std::move(service),
          {" xHTTP " + std::to_string(level) + " of Pound 2.x: other methods get 501."},
          false};
}

}  // namespace

std::size_t stream_timeout_of(const Context& context, std::span<Directive> services) {
  std::size_t longest = 0;
  for (const Directive& service : services) {
    for (const Directive& backend : service.children) {
      if (!backend.is("backend") && !backend.is("emergency")) continue;
      std::size_t own = context.stream;
      for (const Directive& line : backend.children) {
        if (!line.is("wstimeout")) continue;
        const auto number = conf::parse_whole_number(line.argument());
        if (number && *number > 0) own = std::min(static_cast<std::size_t>(*number), kDay);
      }
      longest = std::max(longest, own);
    }
  }
  return longest;
}

Yaml translate_listener(Context& context, Directive& directive, const std::string& name,
                        const std::vector<std::string>& shared, std::size_t stream_timeout) {
  Listener listener;
  if (directive.is("listenhttps")) {
    listener.part = Part::https_listener;
    listener.scheme = "https";
  }
  listener.has_socket = has_socket(directive);
  listener.has_413 = std::ranges::any_of(directive.children, [](const Directive& child) {
    return child.is("err413") || (child.is("errorfile") && child.argument() == "413");
  });
  for (Directive& child : directive.children) translate_line(context, listener, child);
  put_client_cert(listener);
  std::size_t longest = std::max(stream_timeout, stream_timeout_of(context, directive.children));
  if (longest == 0) longest = context.stream;
  add_defaults(context, listener, directive, longest);
  Yaml services = Yaml::list();
  services.entries().push_back(guard(listener.methods));
  std::size_t number = 0;
  for (Directive* const service : listener.services) {
    services.entries().push_back(
        translate_service(context, *service, name + "-service" + std::to_string(++number)));
  }
  for (const std::string& anchor : shared) services.add("", Yaml::alias(anchor));
  listener.yaml.add("Services", std::move(services));
  for (const std::string& comment : directive.trailing_comments) listener.yaml.comment(comment);
  directive.carry();
  return std::move(listener.yaml);
}

}  // namespace master::convert
