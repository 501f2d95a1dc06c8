// The keys about the record of a request: AccessLog and RequestID.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "conf/access_log.h"
#include "conf/section.h"

namespace conf {

inline constexpr std::size_t kMostLogFormat = 2048;  // bytes of a format

// Nothing when the key AccessLog is absent or was reported.
std::optional<AccessLog> load_access_log(const Section& section, Diagnostics& diagnostics);

// The name of the field, empty for `none`, and its position in `where`. Nothing when the key
// RequestID is absent or was reported.
std::optional<std::string> load_request_id(const Section& section, Position& where,
                                           Diagnostics& diagnostics);

}  // namespace conf
