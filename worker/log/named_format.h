// Access records in a format with named fields (conf/access_log.h).
//
// Pure. Values are escaped as in combined, so that no client can forge a line. A value that the
// format does not put into quotation marks is one word: spaces in it are escaped, too. "-" stands
// for no value. A line has at most kMaxRecord bytes and is never without its last fields: a text
// that is too long is cut, and ends in "...".
#pragma once

#include <cstddef>
#include <vector>

#include "worker/log/access_format.h"

namespace worker::log {

// The room for any line.
inline constexpr std::size_t kNamedRoom = kMaxRecord + 64;

char* write_named(const std::vector<conf::LogPart>& parts, const AccessRecord& record, Dates& dates,
                  char* out);

}  // namespace worker::log
