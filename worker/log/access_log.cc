// The access log: see access_log.h.
#include "worker/log/access_log.h"

#include <ctime>

namespace worker::log {

void AccessLog::begin(const RequestTexts& request, std::uint64_t now_us,
                      AccessRecord& record) const {
  if (format_ == nullptr) return;
  record.request_line = request.line.substr(0, kMaxRequestLine + 1);
  record.referer = request.referer.substr(0, kMaxField + 1);
  record.user_agent = request.user_agent.substr(0, kMaxField + 1);
  record.begun_at = std::time(nullptr);
  record.begun_us = now_us;
}

void AccessLog::write(AccessRecord& record, std::uint64_t now_us) {
  if (format_ == nullptr) return;
  record.ended_us = now_us;
  line_.clear();
  format_->write(record, date_, line_);
  log_.write(Severity::info, line_.text());
}

}  // namespace worker::log
