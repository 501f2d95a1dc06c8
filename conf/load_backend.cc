// The items of the top-level Backends: see load_backend.h.
//
// Two backends may have the same address; their anchors tell them apart.
#include "conf/load_backend.h"

#include "conf/address.h"
#include "conf/header_line.h"
#include "conf/load_backend_tls.h"
#include "conf/load_check.h"
#include "conf/load_service.h"

namespace conf {

namespace {

void load_head_add(const Section& section, Backend& backend, Diagnostics& diagnostics) {
  for (const Node* item : section.items("HeadAdd")) {
    std::string error;
    if (std::optional<std::string> line = parse_header_line(item->text, error)) {
      backend.head_add.push_back(std::move(*line));
    } else {
      diagnostics.error(item->where, "`HeadAdd` is " + describe(*item) +
                                         ", expected a header as `Name: value`; " + error);
    }
  }
}

Backend load_backend(const Node& node, Diagnostics& diagnostics) {
  const Section section(backend_schema(), node, diagnostics);
  Backend backend;
  backend.where = node.where;
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
  backend.max_headers = static_cast<std::size_t>(
      section.number("MaxHeaders", static_cast<std::int64_t>(backend.max_headers)));
  backend.allow = load_allow(section);
  backend.tls = load_backend_tls(section, diagnostics);
  backend.check = load_check(section, diagnostics);
  backend.eject = load_eject(section, diagnostics);
  backend.warmup = std::chrono::seconds(section.number("Warmup", backend.warmup.count()));
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

void load_endpoint(const Section& section, std::string& address, std::uint16_t& port,
                   Diagnostics& diagnostics) {
  port = static_cast<std::uint16_t>(section.number("Port", 0));
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
