// The face of conf/: a file in, a Config or diagnostics out.
//
// The same code serves the start, `-c` and SIGHUP. Opens and reads the one file it is given and
// nothing else: certificates and error pages are opened by worker::prepare.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "conf/config.h"
#include "conf/diagnostic.h"

namespace conf {

// A configuration larger than this is refused (10 000 services take about 1 MiB).
inline constexpr std::size_t kMaxFileBytes = 16u << 20;

// Reads the regular file `path`. Nothing is returned when there is an error among `diagnostics`;
// warnings may stand beside a Config. Never throws for what a file may hold, never blocks on a
// FIFO or a device.
std::optional<Config> load(const std::string& path, Diagnostics& diagnostics);

// The same for a text that is already in memory; `name` stands for the file in diagnostics.
std::optional<Config> load_text(const std::string& name, std::string_view text,
                                Diagnostics& diagnostics);

}  // namespace conf
