// Writes one record per transaction to the log, in the format of its service.
//
// begin() copies the texts of the request while its head is there; write() formats the record when
// the transaction ends. Has no clock for durations: the caller passes the time of its event loop,
// in microseconds.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "conf/access_log.h"
#include "worker/log/access_format.h"
#include "worker/log/access_record.h"
#include "worker/log/log.h"

namespace worker::log {

// The texts of a request, as received; empty for none.
struct RequestTexts {
  std::string_view line;  // the request line; of a refused head, what the parser could make out
  std::string_view referer = {};
  std::string_view user_agent = {};
  std::string_view host = {};
};

class AccessLog {
 public:
  explicit AccessLog(Log& log) : log_(log) {}

  // `shows`: of all formats that the record may be written in. Texts beyond that need not be there.
  static void begin(Shows shows, const RequestTexts& request, std::uint64_t now_us,
                    AccessRecord& record);
  // Nothing for a null `format`, or Kind::none.
  void write(const conf::AccessLog* format, AccessRecord& record, std::uint64_t now_us);

 private:
  Log& log_;
  Dates dates_;
  std::string line_;  // used again for each record
};

}  // namespace worker::log
