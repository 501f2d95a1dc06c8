// See backend_names.h.
#include "master/control/backend_names.h"

#include <algorithm>

#include "conf/address.h"
#include "conf/suggest.h"
#include "master/control/reply.h"

namespace master::control {
namespace {

constexpr std::size_t kMostNamed = 10;  // in an error

std::string address_of(const conf::Backend& backend) {
  return conf::host_port(backend.address, backend.port);
}

bool is_name_of(const conf::Backend& backend, std::string_view name) {
  return backend.name == name || address_of(backend) == name;
}

std::optional<NamedService> look_up_service(const worker::Heritage& heritage,
                                            std::string_view name) {
  for (std::size_t i = 0; i < heritage.listeners.size(); ++i) {
    const std::size_t services = heritage.config->listeners[i].services.size();
    for (std::size_t k = 0; k < services; ++k) {
      if (worker::route::service_name(heritage.listeners[i].name, k) == name) {
        return NamedService{i, k};
      }
    }
  }
  return std::nullopt;
}

std::string listed(const std::vector<std::string>& titles) {
  std::string text;
  for (std::size_t i = 0; i < titles.size() && i < kMostNamed; ++i) {
    text += (i == 0 ? "" : ", ") + titles[i];
  }
  if (titles.size() > kMostNamed) {
    text += " and " + std::to_string(titles.size() - kMostNamed) + " more";
  }
  return text;
}

[[noreturn]] void refuse_unknown(const conf::Config& config, std::string_view name) {
  std::vector<std::string_view> names;
  for (const conf::Backend& backend : config.backends) names.push_back(backend.name);
  throw Refused("there is no backend `" + std::string(name) + "`" +
                conf::did_you_mean(name, names) + "; `backends` lists them");
}

}  // namespace

std::string title_of(const conf::Backend& backend) {
  return backend.name + " (" + address_of(backend) + ")";
}

std::vector<std::size_t> find_backends(const conf::Config& config, std::string_view name) {
  std::vector<std::size_t> found;
  std::vector<std::string> titles;
  for (std::size_t i = 0; i < config.backends.size(); ++i) {
    const conf::Backend& backend = config.backends[i];
    if (!is_name_of(backend, name)) continue;
    found.push_back(i);
    const std::string title = title_of(backend);
    if (std::ranges::find(titles, title) == titles.end()) titles.push_back(title);
  }
  if (found.empty()) refuse_unknown(config, name);
  if (titles.size() > 1) {
    throw Refused("`" + std::string(name) + "` is the name of several backends: " + listed(titles));
  }
  return found;
}

NamedService find_service(const worker::Heritage& heritage, std::string_view name) {
  if (const std::optional<NamedService> found = look_up_service(heritage, name)) return *found;
  throw Refused("there is no service `" + std::string(name) + "`; `services` lists them");
}

std::optional<NamedService> find_if_service(const worker::Heritage& heritage,
                                            std::string_view name) {
  if (name.find('/') == name.npos) return std::nullopt;
  const std::optional<NamedService> service = look_up_service(heritage, name);
  const bool is_backend =
      std::ranges::any_of(heritage.config->backends,
                          [&](const conf::Backend& backend) { return is_name_of(backend, name); });
  if (service && is_backend) {
    throw Refused("`" + std::string(name) + "` is the name of a service and of a backend");
  }
  if (!service && !is_backend) {
    throw Refused("there is no service or backend `" + std::string(name) +
                  "`; `services` and `backends` list them");
  }
  return service;
}

}  // namespace master::control
