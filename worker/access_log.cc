// Access records: see access_log.h.
#include "worker/access_log.h"

#include "shm/log_ring.h"

namespace worker {

namespace {

// Of the request line, as it is written. The fields are cut sooner, so that a record as a whole is
// never cut and always has its reason.
constexpr std::size_t kMaxRequest = std::size_t{8} * 1024;
constexpr std::size_t kMaxField = std::size_t{2} * 1024;
static_assert(kMaxRequest + 2 * kMaxField + 2048 < shm::kMaxLogRecord);

std::uint64_t monotonic_us() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000 +
         static_cast<std::uint64_t>(now.tv_nsec) / 1000;
}

void copy_field(const http::HeaderList& fields, http::FieldId id, std::string& out) {
  const http::Field* const field = fields.find(id);
  out.clear();
  if (field != nullptr && !field->value.empty()) {
    append_escaped(out, field->value, kMaxField);
  } else {
    out = "-";
  }
}

}  // namespace

void AccessLog::begin(const http::RequestHead& head, AccessRecord& record) const {
  if (format_ == conf::AccessLogFormat::off) return;
  record.when = std::time(nullptr);
  record.started_us = monotonic_us();
  record.request.clear();
  append_escaped(record.request, head.line, kMaxRequest);
  if (record.request.empty()) record.request = "-";
  if (format_ != conf::AccessLogFormat::combined) return;
  copy_field(head.fields, http::FieldId::referer, record.referer);
  copy_field(head.fields, http::FieldId::user_agent, record.user_agent);
}

std::string_view AccessLog::date(std::time_t when) {
  if (when != date_of_) {
    std::tm parts{};
    ::localtime_r(&when, &parts);
    char text[40];
    date_.assign(text, std::strftime(text, sizeof text, "[%d/%b/%Y:%H:%M:%S %z]", &parts));
    date_of_ = when;
  }
  return date_;
}

void AccessLog::write(const AccessRecord& record) {
  if (format_ == conf::AccessLogFormat::off) return;
  line_.assign(record.client_ip).append(" - - ").append(date(record.when));
  line_.append(" \"").append(record.request).append("\" ");
  line_.append(std::to_string(record.status)).append(" ");
  line_.append(record.body_bytes != 0 ? std::to_string(record.body_bytes) : "-");
  if (format_ == conf::AccessLogFormat::combined) {
    line_.append(" \"")
        .append(record.referer)
        .append("\" \"")
        .append(record.user_agent)
        .append("\"");
  }
  line_.append(" ").append(record.service).append(" ").append(record.backend).append(" ");
  line_.append(std::to_string((monotonic_us() - record.started_us) / 1000));
  if (!record.reason.empty()) line_.append(" reason=").append(record.reason);
  log_.write(Severity::info, line_);
}

}  // namespace worker
