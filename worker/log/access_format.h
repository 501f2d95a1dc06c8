// The formats of the access log: each writes a record as a line.
//
// Pure but for the local time zone. combined and common are here, the others in json_record.h and
// named_format.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>

#include "conf/access_log.h"
#include "worker/log/access_record.h"

namespace worker::log {

// Writes a time as Common Log Format does, [21/Sep/2026:14:13:20 +0000]. Keeps the text of the last
// second that it was asked for, because most records of a second share it.
class CommonDate {
 public:
  std::string_view text(std::time_t when);

 private:
  std::time_t when_ = -1;
  std::string text_;
};

// Likewise, as RFC 3339 does, in UTC and without the fraction: 2026-09-21T14:13:20.
class Rfc3339Date {
 public:
  std::string_view text(std::time_t when);

 private:
  std::time_t when_ = -1;
  std::string text_;
};

struct Dates {
  CommonDate common;
  Rfc3339Date rfc3339;
};

// What of a request a format shows; each includes those before it.
enum class Shows : std::uint8_t { nothing, line, fields, all };  // fields: Referer and User-Agent
Shows shown_by(conf::AccessLog::Kind kind);

// More bytes than the format writes for `record`.
std::size_t line_room(conf::AccessLog::Kind kind, const AccessRecord& record);

// Writes to `out`, which has line_room() bytes; returns the end of the line. Not for
// conf::AccessLog::Kind::none.
char* write_record(const conf::AccessLog& format, const AccessRecord& record, Dates& dates,
                   char* out);

}  // namespace worker::log
