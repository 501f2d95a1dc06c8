// Writes one record per transaction to the log, in the configured format.
//
// begin() copies the texts of the request while its head is there; write() formats the record when
// the transaction ends. With the log off both do nothing. Has no clock for durations: the caller
// passes the time of its event loop, in microseconds.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "conf/config.h"
#include "worker/log/access_format.h"
#include "worker/log/access_record.h"
#include "worker/log/log.h"

namespace worker::log {

// The texts of a request, as received; empty for none.
struct RequestTexts {
  std::string_view line;  // the request line; of a refused head, what the parser could make out
  std::string_view referer;
  std::string_view user_agent;
};

class AccessLog {
 public:
  AccessLog(conf::AccessLogFormat format, Log& log)
      : format_(find_access_format(format)), log_(log) {}

  // Whether the format shows Referer and User-Agent. If not, the caller need not look for them.
  bool shows_fields() const { return format_ != nullptr && format_->shows_fields; }

  void begin(const RequestTexts& request, std::uint64_t now_us, AccessRecord& record) const;
  void write(AccessRecord& record, std::uint64_t now_us);

 private:
  const AccessFormat* format_;  // null: off
  Log& log_;
  CommonDate date_;
  std::string line_;  // used again for each record
};

}  // namespace worker::log
