// Backends and services as an operator names them.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "conf/config.h"
#include "worker/heritage.h"

namespace master::control {

// "b1 (192.0.2.7:80)"
std::string title_of(const conf::Backend& backend);

// The backends of the configuration whose anchor or address:port is `name`. More than one only if
// nothing tells them apart. Throws Refused when there is none, or when the name fits several.
std::vector<std::size_t> find_backends(const conf::Config& config, std::string_view name);

struct NamedService {
  std::size_t listener;
  std::size_t service;  // of the listener
};

// By its name in the status, "192.0.2.1:80/1". Throws Refused.
NamedService find_service(const worker::Heritage& heritage, std::string_view name);

// Where `name` may be that of a service or of a backend: the service of this name; nothing when it
// can only be a backend's, because it has no slash or a backend has it. Throws Refused when both
// have it, or neither.
std::optional<NamedService> find_if_service(const worker::Heritage& heritage,
                                            std::string_view name);

}  // namespace master::control
