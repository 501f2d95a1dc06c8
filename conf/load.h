// The interface of conf/: a file in, a Config or diagnostics out.
//
// The same code serves the start, `-c` and SIGHUP. Opens only the file that it is given;
// worker::prepare opens certificates and error pages.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "conf/config.h"
#include "conf/diagnostic.h"

namespace conf {

// The largest configuration (10 000 services take about 1 MiB).
inline constexpr std::size_t kMaxFileBytes = 16u << 20;

// Reads the regular file `path`. Returns nothing when `diagnostics` has an error; a Config may come
// with warnings. No content of a file makes this throw. Never blocks on a FIFO or a device.
std::optional<Config> load(const std::string& path, Diagnostics& diagnostics);

// The same for a text in memory. Diagnostics show `name` as the name of the file.
std::optional<Config> load_text(const std::string& name, std::string_view text,
                                Diagnostics& diagnostics);

}  // namespace conf
