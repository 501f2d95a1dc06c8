// See trial.h.
#include "master/convert/trial.h"

#include <array>
#include <utility>

#include "conf/load.h"

namespace master::convert {
namespace {

constexpr auto kWithoutBackends = std::to_array<std::string_view>({"Redirect", "Respond", "Serve"});
constexpr char kBackend[] = "backend";
constexpr char kOther[] = "other";

Yaml endpoint() {
  Yaml made = Yaml::mapping();
  made.add("Address", Yaml::text("127.0.0.1"));
  made.add("Port", Yaml::number(80));
  return made;
}

bool is_path(std::string_view key, const Yaml& value) {
  return key == "Address" && value.value().starts_with('/');
}

void set(Yaml& section, std::string_view key, const Yaml& value) {
  if (is_path(key, value)) section = Yaml::mapping();
  if (Yaml* const old = section.find(key)) {
    *old = value;
  } else {
    section.add(key, value);
  }
}

Yaml list_of(Yaml item) {
  Yaml list = Yaml::list();
  list.add("", std::move(item));
  return list;
}

std::string first_error(const Yaml& document) {
  conf::Diagnostics diagnostics;
  conf::load_text("", write_yaml(document), diagnostics);
  for (const conf::Diagnostic& diagnostic : diagnostics.all()) {
    if (diagnostic.severity == conf::Severity::error) return diagnostic.message;
  }
  return "";
}

Yaml document_of(Yaml global, Yaml backend, std::string_view listeners, Yaml listener) {
  backend.anchor = std::string(kBackend);
  Yaml made = Yaml::mapping();
  if (!global.empty()) made.add("Global", std::move(global));
  Yaml backends = list_of(std::move(backend));
  backends.add("", endpoint()).value.anchor = std::string(kOther);
  made.add("Backends", std::move(backends));
  made.add(listeners, list_of(std::move(listener)));
  return made;
}

std::string try_service(Yaml service) {
  Yaml listener = endpoint();
  listener.add("Services", list_of(std::move(service)));
  return first_error(
      document_of(Yaml::mapping(), endpoint(), "HTTPListeners", std::move(listener)));
}

}  // namespace

std::string objection(Part part, std::string_view key, const Yaml& value) {
  Yaml section = part == Part::global || part == Part::service ? Yaml::mapping() : endpoint();
  if (part == Part::https_listener) section.add("Certificates", Yaml::text("c.pem"));
  set(section, key, value);
  switch (part) {
    case Part::global:
      return first_error(document_of(std::move(section), endpoint(), "HTTPListeners", endpoint()));
    case Part::backend:
      return first_error(
          document_of(Yaml::mapping(), std::move(section), "HTTPListeners", endpoint()));
    case Part::http_listener:
      return first_error(
          document_of(Yaml::mapping(), endpoint(), "HTTPListeners", std::move(section)));
    case Part::https_listener:
      return first_error(
          document_of(Yaml::mapping(), endpoint(), "HTTPSListeners", std::move(section)));
    case Part::service:
      break;
  }
  bool needs_backends = true;
  for (const std::string_view other : kWithoutBackends) needs_backends &= key != other;
  if (needs_backends) section.add("Backends", Yaml::alias(kBackend));
  return try_service(std::move(section));
}

std::string objection_to_service(const Yaml& service) {
  Yaml copy = service;
  if (Yaml* const backends = copy.find("Backends")) *backends = Yaml::alias(kBackend);
  if (Yaml* const emergency = copy.find("Emergency")) *emergency = Yaml::alias(kOther);
  return try_service(std::move(copy));
}

}  // namespace master::convert
