// Formats of the access log: see access_format.h.
#include "worker/log/access_format.h"

#include <algorithm>
#include <iterator>

namespace worker::log {

namespace {

// 2 KiB are left for the parts that have no limit here: names, numbers and the reason.
static_assert(kMaxRequestLine + 2 * kMaxField + 2048 < shm::kMaxLogRecord);

void put_quoted(std::string_view text, std::size_t most, Line& line) {
  line.put("\"");
  if (text.empty()) {
    line.put("-");
  } else {
    line.put_escaped(text, most);
  }
  line.put("\"");
}

// CLIENT - - [DATE] "REQUEST LINE" STATUS BYTES, with "-" for no bytes.
void put_common(const AccessRecord& record, CommonDate& date, Line& line) {
  line.put(record.client_ip);
  line.put(" - - ");
  line.put(date.text(record.begun_at));
  line.put(" ");
  put_quoted(record.request_line, kMaxRequestLine, line);
  line.put(" ");
  line.put(static_cast<std::uint64_t>(record.status));
  line.put(" ");
  if (record.body_bytes != 0) {
    line.put(record.body_bytes);
  } else {
    line.put("-");
  }
}

// What Pound adds to both formats: SERVICE BACKEND MILLISECONDS, and the reason if there is one.
void put_outcome(const AccessRecord& record, Line& line) {
  line.put(" ");
  line.put(record.service);
  line.put(" ");
  line.put(record.backend);
  line.put(" ");
  line.put((record.ended_us - record.begun_us) / 1000);
  if (record.reason.empty()) return;
  line.put(" reason=");
  line.put(record.reason);
}

void write_common(const AccessRecord& record, CommonDate& date, Line& line) {
  put_common(record, date, line);
  put_outcome(record, line);
}

void write_combined(const AccessRecord& record, CommonDate& date, Line& line) {
  put_common(record, date, line);
  line.put(" ");
  put_quoted(record.referer, kMaxField, line);
  line.put(" ");
  put_quoted(record.user_agent, kMaxField, line);
  put_outcome(record, line);
}

constexpr AccessFormat kFormats[] = {
    {conf::AccessLogFormat::combined, true, write_combined},
    {conf::AccessLogFormat::common, false, write_common},
};

}  // namespace

std::string_view CommonDate::text(std::time_t when) {
  if (when != when_) {
    std::tm parts{};
    ::localtime_r(&when, &parts);
    char text[40];
    text_.assign(text, std::strftime(text, sizeof text, "[%d/%b/%Y:%H:%M:%S %z]", &parts));
    when_ = when;
  }
  return text_;
}

const AccessFormat* find_access_format(conf::AccessLogFormat name) {
  const auto* const found =
      std::find_if(std::begin(kFormats), std::end(kFormats),
                   [&](const AccessFormat& format) { return format.name == name; });
  return found != std::end(kFormats) ? found : nullptr;
}

}  // namespace worker::log
