// The formats of the access log: each is a function that writes a record as a line.
//
// Pure but for the local time zone. A new format needs one function and one row of the table in
// access_format.cc, besides its name in the configuration.
#pragma once

#include <cstddef>
#include <ctime>
#include <string>
#include <string_view>

#include "conf/config.h"
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

struct AccessFormat {
  conf::AccessLogFormat name;
  bool shows_fields;  // Referer and User-Agent
  // Writes to `out`, which has line_room() bytes; returns the end of the line.
  char* (*write)(const AccessRecord& record, CommonDate& date, char* out);
};

// More bytes than any format writes for `record`.
std::size_t line_room(const AccessRecord& record);

// Null for `off`.
const AccessFormat* find_access_format(conf::AccessLogFormat name);

}  // namespace worker::log
