// Which files a path of the configuration names, and what is in them.
//
// Reads whole regular files of a bounded size, without waiting; knows nothing of what they mean.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "conf/config.h"
#include "conf/diagnostic.h"

namespace worker::tls {

inline constexpr std::size_t kMaxPemFile = 1u << 20;

// A file is itself; a folder is all its *.pem; else a pattern with * ? [ is what it matches. By
// name. An error when there is none.
std::vector<std::string> expand_path(const conf::Tls::Certificate& entry,
                                     conf::Diagnostics& diagnostics);

}  // namespace worker::tls
