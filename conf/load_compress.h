// The key Compress of a service: tree → codings, levels and types.
#pragma once

#include <optional>

#include "conf/compress.h"
#include "conf/section.h"

namespace conf {

// `service` is the section with the key. Reports it where a service has no backends by design.
std::optional<Compress> load_compress(const Section& service, Diagnostics& diagnostics);

}  // namespace conf
