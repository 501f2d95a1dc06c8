// The items of the top-level Backends: tree → structs.
//
// A node of the tree is a backend: services refer to the node that their alias stands for, never to
// an address.
#pragma once

#include <cstddef>
#include <string>
#include <unordered_map>

#include "conf/config.h"
#include "conf/section.h"

namespace conf {

// The index in Config::backends of the backend that was read from a node.
using BackendIndex = std::unordered_map<const Node*, std::size_t>;

// Adds faulty backends as well, so that aliases of them are not reported, too.
void load_backends(const Section& top, Config& config, BackendIndex& index,
                   Diagnostics& diagnostics);

// Reads the address and port of a backend or listener. Reports an invalid address, a port that is
// missing, and one beside a path.
void load_endpoint(const Section& section, std::string& address, std::uint16_t& port,
                   Diagnostics& diagnostics);
// The place of `Address`; that of the mapping, when it has none.
Position address_position(const Section& section);

// Reads the host name or IP address of one key. Reports an invalid one; `host` then stays as it is.
void load_host(const Section& section, std::string_view key, std::string& host,
               Diagnostics& diagnostics);

}  // namespace conf
