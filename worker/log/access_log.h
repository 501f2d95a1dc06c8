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
#include "worker/log/log.h"
#include "worker/net/event.h"

namespace worker::log {

// What stands in the record of a client that left before there was a response.
inline constexpr int kStatusClientGone = 499;

struct AccessRecord {
  std::string request;           // escaped request line, "-" for none
  std::string from;              // in Combined, escaped: "referer" "user agent"
  std::time_t when = 0;          // wall clock
  std::uint64_t started_us = 0;  // of the loop's turn

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
  AccessLog(conf::AccessLogFormat format, net::EventLoop& loop, Log& log)
      : format_(format), loop_(loop), log_(log) {}

  // `head` may be what could be made out of a refused one.
  void begin(const http::RequestHead& head, AccessRecord& record) const;
  void write(const AccessRecord& record);

 private:
  std::string_view date(std::time_t when);  // and what stands on both sides of it

  conf::AccessLogFormat format_;
  net::EventLoop& loop_;
  Log& log_;
  std::time_t date_of_ = -1;
  std::string date_;
  std::string line_;  // reused
};

}  // namespace worker::log
