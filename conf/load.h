// The interface of conf/: a file in, with those that it includes, a Config or diagnostics out.
//
// The same code serves the start, `-c` and SIGHUP. Opens only the file that it is given and the
// files that its `Include` names; worker::prepare opens certificates and error pages.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "conf/config.h"
#include "conf/diagnostic.h"
#include "conf/surroundings.h"

namespace conf {

// The largest configuration, all files together (10 000 services take about 1 MiB).
inline constexpr std::size_t kMaxFileBytes = 16u << 20;

// What could be read of a file that may have errors: for more checks of it, never for use. What has
// an error is left out, and `is_whole` says where.
struct Draft {
  Config config;
};

// Reads the regular file `path` and those that it includes, with the environment of this process
// for the variables in them. Returns nothing when `diagnostics` has an error; a Config may come
// with warnings. No content of a file makes this throw. Never blocks on a FIFO or a device.
std::optional<Config> load(const std::string& path, Diagnostics& diagnostics);

// The same, but gives what it could read beside errors. Nothing when there is no mapping at all.
std::optional<Draft> load_draft(const std::string& path, Diagnostics& diagnostics);

// The same as load for a text in memory. Diagnostics show `name` as the name of the file. Without
// `surroundings` there is no other file, and no variable is set.
std::optional<Config> load_text(const std::string& name, std::string_view text,
                                Diagnostics& diagnostics, const Surroundings& surroundings = {});

// The socket of the daemon with this file, for the program that controls it. Errors elsewhere in
// the file do not matter, such as a variable that only the daemon has; `diagnostics` tells them.
std::optional<ControlSocket> find_control(const std::string& path, Diagnostics& diagnostics);

}  // namespace conf
