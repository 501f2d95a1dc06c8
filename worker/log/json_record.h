// An access record as one line of JSON (RFC 8259): an object with all fields of conf/access_log.h,
// and "cut", a list of those that are not whole.
//
// Pure. The line is ASCII without control characters, whatever the client has sent. Every key is
// always there; null stands for what does not exist. Texts are those of json_text.h.
#pragma once

#include <cstddef>

#include "worker/log/access_format.h"

namespace worker::log {

inline constexpr std::size_t kJsonRoom = std::size_t{16} * 1024;  // for any record

char* write_json(const AccessRecord& record, Dates& dates, char* out);

}  // namespace worker::log
