// The access log: see access_log.h.
#include "worker/log/access_log.h"

#include <ctime>

namespace worker::log {

void AccessLog::begin(const RequestTexts& request, std::uint64_t now_us,
                      AccessRecord& record) const {
  if (format_ == nullptr) return;
  record.request_line = request.line.substr(0, kMaxRequestLine + 1);
  if (format_->shows_fields) {
    record.referer = request.referer.substr(0, kMaxField + 1);
    record.user_agent = request.user_agent.substr(0, kMaxField + 1);
  }
  record.begun_at = std::time(nullptr);
  record.begun_us = now_us;
}

void AccessLog::write(AccessRecord& record, std::uint64_t now_us) {
  if (format_ == nullptr) return;
  record.ended_us = now_us;
  const std::size_t room = line_room(record);
  if (line_.size() < room) line_.resize(room);
  char* const line = line_.data();
  const char* const end = format_->write(record, date_, line);
  log_.write(Severity::info, {line, static_cast<std::size_t>(end - line)});
}

}  // namespace worker::log
