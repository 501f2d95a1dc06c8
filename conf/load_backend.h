// The items of the top-level Backends: tree → structs.
//
// Owns the rule that a node is a backend: services name backends by the node that their alias
// stands for, never by an address.
#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>

#include "conf/config.h"
#include "conf/section.h"

namespace conf {

// Which backend of Config::backends was read from a node.
using BackendIndex = std::unordered_map<const Node*, std::size_t>;

// A faulty backend gets a place as well, so that its aliases are not reported, too.
void load_backends(const Section& top, Config& config, BackendIndex& index,
                   Diagnostics& diagnostics);

// The address and port of a backend or listener; what is wrong with the address is reported.
void load_endpoint(const Section& section, std::string& address, std::uint16_t& port,
                   Diagnostics& diagnostics);

}  // namespace conf
