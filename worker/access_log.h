// One record for each transaction: Common or Combined Log Format, then service, backend,
// milliseconds and, when the request was not simply served, the reason.
//
// What comes from the head is copied, escaped, while the head is there; the record is written when
// the transaction ends. With the log off both cost nothing.
#pragma once

#include <cstdint>
#include <ctime>
#include <string>
#include <string_view>

#include "conf/config.h"
#include "worker/http/request_head.h"
#include "worker/log.h"

namespace worker {

// What stands in the record of a client that left before there was a response.
inline constexpr int kStatusClientGone = 499;

struct AccessRecord {
  std::string request;           // escaped request line
  std::string referer;           // escaped, "-" for none
  std::string user_agent;        // likewise
  std::time_t when = 0;          // wall clock
  std::uint64_t started_us = 0;  // CLOCK_MONOTONIC

  // Known at the end.
  std::string_view client_ip;
  int status = 0;  // 0: the client left before there was a response
  std::uint64_t body_bytes = 0;
  std::string_view service = "-";
  std::string_view backend = "-";
  std::string_view reason;  // empty when served
};

class AccessLog {
 public:
  AccessLog(conf::AccessLogFormat format, Log& log) : format_(format), log_(log) {}

  // `head` may be what could be made out of a refused one.
  void begin(const http::RequestHead& head, AccessRecord& record) const;
  void write(const AccessRecord& record);

 private:
  std::string_view date(std::time_t when);

  conf::AccessLogFormat format_;
  Log& log_;
  std::time_t date_of_ = -1;
  std::string date_;
  std::string line_;
};

}  // namespace worker
