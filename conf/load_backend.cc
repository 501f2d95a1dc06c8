// The items of the top-level Backends: see load_backend.h.
//
// Two backends may have the same address; their anchors tell them apart.
#include "conf/load_backend.h"

#include "conf/address.h"
#include "conf/header_line.h"
#include "conf/load_backend_tls.h"
#include "conf/load_check.h"
#include "conf/load_edits.h"
#include "conf/load_service.h"
#include "conf/scalar.h"

namespace conf {

namespace {

void load_head_add(const Section& section, Backend& backend, Diagnostics& diagnostics) {
  for (const Node* item : section.items("HeadAdd")) {
    std::string error;
    if (std::optional<std::string> line = parse_header_line(item->text, error)) {
      backend.head_add.push_back({std::move(*line), item->where});
    } else {
      diagnostics.error(item->where, "`HeadAdd` is " + describe(*item) +
                                         ", expected a header as `Name: value`; " +
                                         fault_in(*item, error));
    }
  }
}

void load_path(const Section::Member& member, std::string& path, Diagnostics& diagnostics) {
  const std::string fault = path_fault(member.value->text);
  if (fault.empty()) {
    path = member.value->text;
  } else {
    diagnostics.error(member.value->where,
                      "`Address` is " + describe(*member.value) + "; " + fault);
  }
}

// Without a host name in `Address`, nothing says whom the certificate has to name.
void check_name(const Section& section, const Backend& backend, Diagnostics& diagnostics) {
  if (!backend.tls || !backend.tls->verify || !is_path(backend.address)) return;
  for (const Node* key : section.find("TLS")->value->children) {
    if (equal_ignoring_case(key->text, "Name")) return;  // an invalid one is reported already
  }
  diagnostics.error(backend.tls->where,
                    "`TLS` needs `Name`, as `Address` is the path of a Unix socket: the name in "
                    "the backend's certificate");
}

Backend load_backend(const Node& node, Diagnostics& diagnostics) {
  const std::size_t errors = diagnostics.errors();
  const Section section(backend_schema(), node, diagnostics);
  Backend backend;
  backend.where = node.where;
  backend.address_where = address_position(section);
  load_endpoint(section, backend.address, backend.port, diagnostics);
  backend.name =
      node.anchor.empty() ? host_port(backend.address, backend.port) : shown(node.anchor);
  backend.timeout = std::chrono::seconds(section.number("TimeOut", backend.timeout.count()));
  backend.connect_timeout = std::chrono::seconds(section.number("ConnTO", backend.timeout.count()));
  backend.resolve = std::chrono::seconds(section.number("Resolve", backend.resolve.count()));
  backend.threads = static_cast<unsigned>(section.number("Threads", backend.threads));
  backend.own_weight = static_cast<unsigned>(section.number("Weight", 0));
  backend.disabled = section.choice("Disabled", false);
  load_head_add(section, backend, diagnostics);
  backend.edits = load_edits(section, diagnostics);
  backend.max_headers = static_cast<std::size_t>(
      section.number("MaxHeaders", static_cast<std::int64_t>(backend.max_headers)));
  backend.allow = load_allow(section);
  backend.tls = load_backend_tls(section, diagnostics);
  backend.check = load_check(section, backend.address, diagnostics);
  backend.eject = load_eject(section, diagnostics);
  backend.warmup = std::chrono::seconds(section.number("Warmup", backend.warmup.count()));
  check_name(section, backend, diagnostics);
  backend.proxy_protocol = section.choice("ProxyProtocol", backend.proxy_protocol);
  backend.is_whole = diagnostics.errors() == errors;
  return backend;
}

}  // namespace

void load_backends(const Section& top, Config& config, BackendIndex& index,
                   Diagnostics& diagnostics) {
  for (const Node* node : top.items("Backends")) {
    if (!index.emplace(node, config.backends.size()).second) {
      diagnostics.error(node->where, "this backend is listed more than once in `Backends`");
      continue;
    }
    config.backends.push_back(load_backend(*node, diagnostics));
  }
}

Position address_position(const Section& section) {
  const Section::Member* const address = section.find("Address");
  return address != nullptr ? address->value->where : section.where();
}

void load_endpoint(const Section& section, std::string& address, std::uint16_t& port,
                   Diagnostics& diagnostics) {
  const Section::Member* const written = section.find("Address");
  const Section::Member* const member = section.find("Port");
  if (written != nullptr && is_path(written->value->text)) {
    load_path(*written, address, diagnostics);
    if (member == nullptr) return;
    diagnostics.error(member->value->where,
                      "`Port` goes with an IP address or a host name; leave it out, as `Address` "
                      "is the path of a Unix socket");
    return;
  }
  port = static_cast<std::uint16_t>(section.number("Port", 0));
  if (member == nullptr) section.report_missing("Port");
  load_host(section, "Address", address, diagnostics);
}

void load_host(const Section& section, std::string_view key, std::string& host,
               Diagnostics& diagnostics) {
  const Section::Member* member = section.find(key);
  if (member == nullptr) return;
  std::string error;
  if (std::optional<std::string> parsed = parse_address(member->value->text, error)) {
    host = std::move(*parsed);
  } else {
    diagnostics.error(member->value->where,
                      "`" + std::string(key) + "` is " + describe(*member->value) + ", expected " +
                          expectation(*member->key) + (error.empty() ? "" : "; " + error));
  }
}

}  // namespace conf
