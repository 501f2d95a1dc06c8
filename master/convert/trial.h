// Whether Pound accepts one key of a section, found out by loading a small configuration with it.
//
// So the converter needs no second copy of the rules of pound.yaml, and whatever stood in the old
// file, the new one can be loaded. Opens no file.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "master/convert/yaml.h"

namespace master::convert {

enum class Part : std::uint8_t { global, backend, http_listener, https_listener, service };

// What Pound says against `key: value` in such a section; empty when it accepts it.
std::string objection(Part part, std::string_view key, const Yaml& value);

// The same for a whole service, whose aliases of backends count as right.
std::string objection_to_service(const Yaml& service);

}  // namespace master::convert
