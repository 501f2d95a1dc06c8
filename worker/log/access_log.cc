// Access records: see access_log.h.
#include "worker/log/access_log.h"

#include <charconv>

#include "shm/log_ring.h"

namespace worker::log {

namespace {

// Of the request line, as it is written. The fields are cut sooner, so that a record as a whole is
// never cut and always has its reason.
constexpr std::size_t kMaxRequest = std::size_t{8} * 1024;
constexpr std::size_t kMaxField = std::size_t{2} * 1024;
constexpr std::string_view kNothing = " \"-\"";
static_assert(kMaxRequest + 2 * kMaxField + 2048 < shm::kMaxLogRecord);

void append_field(const http::HeaderList& fields, http::FieldId id, std::string& out) {
  const http::Field* const field = fields.find(id);
  if (field == nullptr || field->value.empty()) {
    out += kNothing;
    return;
  }
  out += " \"";
  append_escaped(out, field->value, kMaxField);
  out += '"';
}

// Room for whatever is not a string: three numbers and what stands between the parts.
constexpr std::size_t kRest = 128;

char* put(char* at, std::string_view text) { return at + text.copy(at, text.size()); }

char* put(char* at, std::uint64_t number) { return std::to_chars(at, at + 20, number).ptr; }

}  // namespace

void AccessLog::begin(const http::RequestHead& head, AccessRecord& record) const {
  if (format_ == conf::AccessLogFormat::off) return;
  record.when = std::time(nullptr);
  record.started_us = loop_.turn_us();
  record.request.clear();
  append_escaped(record.request, head.line, kMaxRequest);
  if (record.request.empty()) record.request = "-";
  record.from.clear();
  if (format_ != conf::AccessLogFormat::combined) return;
  append_field(head.fields, http::FieldId::referer, record.from);
  append_field(head.fields, http::FieldId::user_agent, record.from);
}

std::string_view AccessLog::date(std::time_t when) {
  if (when != date_of_) {
    std::tm parts{};
    ::localtime_r(&when, &parts);
    char text[40];
    date_.assign(text, std::strftime(text, sizeof text, " - - [%d/%b/%Y:%H:%M:%S %z] \"", &parts));
    date_of_ = when;
  }
  return date_;
}

void AccessLog::write(const AccessRecord& record) {
  if (format_ == conf::AccessLogFormat::off) return;
  const std::string_view when = date(record.when);
  const std::size_t most = kRest + record.client_ip.size() + when.size() + record.request.size() +
                           record.from.size() + record.service.size() + record.backend.size() +
                           record.reason.size();
  if (line_.size() < most) line_.resize(most);
  char* at = put(line_.data(), record.client_ip);
  at = put(put(at, when), record.request);
  at = put(put(at, "\" "), static_cast<std::uint64_t>(record.status));
  at = put(at, " ");
  at = record.body_bytes != 0 ? put(at, record.body_bytes) : put(at, "-");
  at = put(put(at, record.from), " ");
  at = put(put(at, record.service), " ");
  at = put(put(at, record.backend), " ");
  at = put(at, (loop_.turn_us() - record.started_us) / 1000);
  if (!record.reason.empty()) at = put(put(at, " reason="), record.reason);
  log_.write(Severity::info, {line_.data(), static_cast<std::size_t>(at - line_.data())});
}

}  // namespace worker::log
