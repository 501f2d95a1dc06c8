// The items of HTTPListeners and HTTPSListeners: see load_listener.h.
//
// Both kinds share the code. An HTTPS listener has a schema of its own, and a Tls in addition.
#include "conf/load_listener.h"

#include <algorithm>

#include "conf/address.h"
#include "conf/load_access_log.h"
#include "conf/load_auth.h"
#include "conf/load_backend_tls.h"
#include "conf/load_clients.h"
#include "conf/load_edits.h"
#include "conf/load_limit.h"
#include "conf/load_pages.h"
#include "conf/load_service.h"
#include "conf/scalar.h"

namespace conf {

namespace {

Tls::ClientCert load_client_cert(const Node& node, Diagnostics& diagnostics) {
  const Section section(client_cert_schema(), node, diagnostics);
  Tls::ClientCert wanted;
  wanted.where = node.where;
  wanted.mode = section.choice("Mode", wanted.mode);
  if (const Section::Member* ca = section.find("CA")) {
    wanted.ca = ca->value->text;
    wanted.ca_where = ca->value->where;
  }
  if (const Section::Member* crl = section.find("CRL")) {
    wanted.crl = crl->value->text;
    wanted.crl_where = crl->value->where;
  }
  wanted.depth = static_cast<unsigned>(section.number("Depth", wanted.depth));
  return wanted;
}

Tls::Certificate load_certificate(const Node& node, Diagnostics& diagnostics) {
  if (node.is(Node::Kind::scalar)) return {.path = node.text, .where = node.where};
  const Section section(certificate_schema(), node, diagnostics);
  Tls::Certificate made;
  if (const Section::Member* certificate = section.find("Certificate")) {
    made.path = certificate->value->text;
    made.where = certificate->value->where;
  }
  if (const Section::Member* key = section.find("Key")) {
    made.key = key->value->text;
    made.key_where = key->value->where;
  }
  return made;
}

Tls load_tls(const Section& section, Diagnostics& diagnostics) {
  Tls tls;
  for (const Node* item : section.items("Certificates")) {
    const std::size_t errors = diagnostics.errors();
    Tls::Certificate certificate = load_certificate(*item, diagnostics);
    if (diagnostics.errors() == errors) tls.certificates.push_back(std::move(certificate));
  }
  const Section::Member* certificates = section.find("Certificates");
  if (certificates != nullptr && certificates->value->children.empty() &&
      certificates->items.empty()) {
    diagnostics.error(certificates->value->where, "`Certificates` is an empty list, expected " +
                                                      expectation(*certificates->key));
  }
  tls.ciphers = load_ciphers(section);
  tls.min_tls = section.choice("MinTLS", tls.min_tls);
  if (const Section::Member* client_cert = section.find("ClientCert")) {
    tls.client_cert = load_client_cert(*client_cert->value, diagnostics);
    if (tls.client_cert->ca.empty()) tls.client_cert.reset();  // that is reported
  }
  tls.strict_sni = section.choice("StrictSNI", tls.strict_sni);
  tls.hsts = std::chrono::seconds(section.number("HSTS", 0));
  if (const Section::Member* hsts = section.find("HSTS")) tls.hsts_where = hsts->value->where;
  return tls;
}

// The default of MaxURI is never above MaxHeader, because the request line is part of the head.
Limits load_limits(const Section& section, Diagnostics& diagnostics) {
  const auto number = [&](std::string_view key, std::uint64_t fallback) {
    return static_cast<std::uint64_t>(section.number(key, static_cast<std::int64_t>(fallback)));
  };
  Limits limits;
  limits.header = number("MaxHeader", limits.header);
  limits.uri = number("MaxURI", std::min(limits.uri, limits.header));
  limits.headers = number("MaxHeaders", limits.headers);
  limits.request = number("MaxRequest", limits.request);
  limits.min_rate = number("MinRate", limits.min_rate);
  if (limits.uri > limits.header) {
    diagnostics.error(section.find("MaxURI")->value->where,
                      "`MaxURI` is " + std::to_string(limits.uri) +
                          ", expected at most `MaxHeader`, which is " +
                          std::to_string(limits.header) + " for the whole head");
  }
  return limits;
}

// How long, and how many, requests and streams may occupy the listener.
void load_waiting(const Section& section, Listener& listener) {
  const auto seconds = [&](std::string_view key, std::chrono::seconds& value) {
    value = std::chrono::seconds(section.number(key, value.count()));
  };
  seconds("BodyTimeOut", listener.body);
  seconds("QueueTimeOut", listener.queue);
  seconds("StreamTimeOut", listener.stream);
  listener.buffer = static_cast<std::size_t>(
      section.number("Buffer", static_cast<std::int64_t>(listener.buffer)));
  listener.queue_length =
      static_cast<unsigned>(section.number("QueueLength", listener.queue_length));
  listener.max_streams = static_cast<unsigned>(section.number("MaxStreams", listener.max_streams));
}

// A listener's IPv6 socket takes no IPv4 clients, so it cannot be bound to such an address.
void refuse_mapped_address(const Section& section, const std::string& address,
                           Diagnostics& diagnostics) {
  const std::string_view ipv4 = mapped_ipv4(address);
  if (ipv4.empty()) return;
  const Node& value = *section.find("Address")->value;
  diagnostics.error(value.where, "`Address` is " + describe(value) +
                                     ", an IPv4 address in the form of IPv6; write " +
                                     std::string(ipv4));
}

// The value is a text, because a number of YAML would be decimal.
void load_mode(const Section& section, Listener& listener, Diagnostics& diagnostics) {
  const Section::Member* const member = section.find("Mode");
  if (member == nullptr) return;
  const std::optional<unsigned> mode = parse_mode(member->value->text);
  listener.mode = mode.value_or(listener.mode);
  if (!mode) {
    diagnostics.error(member->value->where, "`Mode` is " + describe(*member->value) +
                                                ", expected " + expectation(*member->key));
  } else if (!listener.address.empty() && !is_path(listener.address)) {
    diagnostics.error(member->value->where, "`Mode` needs the path of a Unix socket in `Address`");
  }
}

std::vector<AddedMethod> load_methods(const Section& section, Diagnostics& diagnostics) {
  std::vector<AddedMethod> methods;
  for (const Node* item : section.items("Methods")) {
    if (is_token(item->text)) {
      methods.push_back({item->text, item->where});
    } else {
      diagnostics.error(item->where, "`Methods` has " + describe(*item) +
                                         ", expected letters, digits and !#$%&'*+-.^_`|~ only");
    }
  }
  return methods;
}

constexpr std::string_view kHttp1 = "http/1.1";

std::string protocol_choices(bool https) { return https ? "h2 or http/1.1" : "h2c or http/1.1"; }

// What is wrong with one name, or nothing.
std::string protocol_advice(const std::string& name, bool https) {
  if (name == "h2" && !https) return "; without TLS, HTTP/2 is called `h2c`";
  if (name == "h2c" && https) return "; with TLS, HTTP/2 is called `h2`";
  return {};
}

std::vector<Protocol> load_protocols(const Section& section, bool https, Diagnostics& diagnostics) {
  const Section::Member* const member = section.find("Protocols");
  if (member == nullptr) {
    if (https) return {Protocol::http2, Protocol::http1};
    return {Protocol::http1};
  }
  std::vector<Protocol> protocols;
  for (const Node* item : section.items("Protocols")) {
    const bool is_http2 = item->text == (https ? "h2" : "h2c");
    if (!is_http2 && item->text != kHttp1) {
      diagnostics.error(item->where, "`Protocols` has " + describe(*item) + ", expected " +
                                         protocol_choices(https) +
                                         protocol_advice(item->text, https));
      return {Protocol::http1};
    }
    const Protocol protocol = is_http2 ? Protocol::http2 : Protocol::http1;
    if (std::find(protocols.begin(), protocols.end(), protocol) != protocols.end()) {
      diagnostics.error(item->where, "`Protocols` has " + describe(*item) + " twice");
    }
    protocols.push_back(protocol);
  }
  if (std::find(protocols.begin(), protocols.end(), Protocol::http1) == protocols.end()) {
    diagnostics.error(member->value->where,
                      "`Protocols` lacks `http/1.1`, which every listener speaks");
  }
  return protocols;
}

Listener load_listener(const Node& node, bool https, ServiceLoader& services,
                       Diagnostics& diagnostics) {
  const std::size_t errors = diagnostics.errors();
  const Section section(https ? https_listener_schema() : http_listener_schema(), node,
                        diagnostics);
  Listener listener;
  listener.where = node.where;
  listener.address_where = address_position(section);
  load_endpoint(section, listener.address, listener.port, diagnostics);
  refuse_mapped_address(section, listener.address, diagnostics);
  load_mode(section, listener, diagnostics);
  listener.client = std::chrono::seconds(section.number("Client", listener.client.count()));
  listener.threads = static_cast<unsigned>(section.number("Threads", listener.threads));
  listener.has_threads = section.find("Threads") != nullptr || section.reported("Threads");
  load_waiting(section, listener);
  listener.limits = load_limits(section, diagnostics);
  listener.methods = load_methods(section, diagnostics);
  listener.edits = load_edits(section, diagnostics);
  listener.allow = load_allow(section);
  if (section.find("TrustedProxies") != nullptr) {
    listener.trusted_proxies = load_trusted_proxies(section, diagnostics);
  }
  listener.client_field = load_client_field(section, diagnostics);
  if (const Section::Member* member = section.find("ClientField")) {
    listener.client_field_where = member->value->where;
  }
  listener.access_log = load_access_log(section, diagnostics);
  listener.request_id = load_request_id(section, listener.request_id_where, diagnostics);
  listener.clients = load_clients(section, diagnostics);
  listener.proxy_protocol = section.choice("ProxyProtocol", listener.proxy_protocol);
  if (const Section::Member* member = section.find("ProxyProtocol")) {
    listener.proxy_protocol_where = member->value->where;
  }
  listener.rewrite_location = static_cast<unsigned>(section.number("RewriteLocation", 0));
  listener.rewrite_destination = section.choice("RewriteDestination", false);
  listener.client_limits = load_client_limits(section, LimitOwner::listener, diagnostics);
  listener.auth = load_auth(section, diagnostics);
  listener.error_pages = load_error_pages(section);
  listener.protocols = load_protocols(section, https, diagnostics);
  if (https) {
    listener.tls = load_tls(section, diagnostics);
    listener.tls->protocols = listener.protocols;
  }
  listener.is_whole = diagnostics.errors() == errors;
  const bool has_own = section.find("Services") != nullptr || section.reported("Services");
  for (const Node* node_of_one : has_own ? section.items("Services") : services.global()) {
    Service service = services.load(*node_of_one);
    if (!service.auth && !service.redirect) service.auth = listener.auth;
    listener.services.push_back(std::move(service));
  }
  return listener;
}

}  // namespace

void load_listeners(const Section& top, const BackendIndex& backends, Config& config,
                    Diagnostics& diagnostics) {
  ServiceLoader services(backends, config.backends, top.items("Services"), diagnostics);
  for (const Node* node : top.items("HTTPListeners")) {
    config.listeners.push_back(load_listener(*node, false, services, diagnostics));
  }
  for (const Node* node : top.items("HTTPSListeners")) {
    config.listeners.push_back(load_listener(*node, true, services, diagnostics));
  }
  const bool all_whole =
      config.is_whole && std::ranges::all_of(config.listeners, &Listener::is_whole);
  services.check_unused(all_whole);
}

}  // namespace conf
