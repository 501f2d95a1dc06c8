// Formats of the access log: see access_format.h.
#include "worker/log/access_format.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <iterator>

#include "shm/log_ring.h"
#include "worker/log/escape.h"

namespace worker::log {

namespace {

constexpr std::size_t kMaxNumber = 20;  // digits of 64 bits
// Room for everything that is not a text of the record: the date, three numbers and punctuation.
constexpr std::size_t kFixedRoom = 192;

// The request line keeps at least 1 KiB, and 2 KiB are left for the texts that have no limit here:
// address, names and reason.
constexpr std::size_t kLeastRequestLine = 1024;
static_assert(kFixedRoom + kLeastRequestLine + 2 * kMaxField + kMaxUser + 2048 <= kMaxRecord);
static_assert(kMaxRequestLine + 2 * kMaxField + kMaxUser + 2048 < shm::kMaxLogRecord);

// The room for everything but the request line.
std::size_t room_beside_request_line(const AccessRecord& record) {
  return kFixedRoom + record.client_ip.size() + record.service.size() + record.backend.size() +
         record.reason.size() + escape_room(record.referer.size(), kMaxField) +
         escape_room(record.user_agent.size(), kMaxField) +
         (record.user.empty() ? 0 : escape_room(record.user.size(), kMaxUser));
}

// The most bytes of the request line. The other texts are counted as if every byte were escaped.
std::size_t most_of_request_line(const AccessRecord& record) {
  const std::size_t beside = room_beside_request_line(record) + kEllipsis.size();
  const std::size_t left = kMaxRecord - std::min(kMaxRecord, beside);
  return std::clamp(left, kLeastRequestLine, kMaxRequestLine);
}

char* put(char* out, std::string_view text) { return out + text.copy(out, text.size()); }

char* put(char* out, std::uint64_t number) {
  return std::to_chars(out, out + kMaxNumber, number).ptr;
}

char* put_quoted(char* out, std::string_view text, std::size_t most) {
  if (text.empty()) return put(out, "\"-\"");
  return put(escape(put(out, "\""), text, most), "\"");
}

// Readers split a line at its spaces, and a user may have some, so a space is escaped here, too.
// A user named "-" would look like none.
char* put_user(char* out, std::string_view user) {
  if (user.empty()) return put(out, "-");
  if (user == "-") return put(out, "\\x2d");
  const char* const end = out + kMaxUser;
  for (const char c : user) {
    if (out + kEscapeSize > end) return put(out, kEllipsis);
    out = c == ' ' ? put(out, "\\x20") : escape(out, {&c, 1}, kEscapeSize);
  }
  return out;
}

// CLIENT - USER [DATE] "REQUEST LINE" STATUS BYTES, with "-" for no user or no bytes.
char* put_common(char* out, const AccessRecord& record, CommonDate& date) {
  out = put(put(out, record.client_ip), " - ");
  out = put(put_user(out, record.user), " ");
  out = put(put(out, date.text(record.begun_at)), " ");
  out = put(put_quoted(out, record.request_line, most_of_request_line(record)), " ");
  out = put(put(out, static_cast<std::uint64_t>(record.status)), " ");
  return record.body_bytes != 0 ? put(out, record.body_bytes) : put(out, "-");
}

// What Pound adds to both formats: SERVICE BACKEND MILLISECONDS, and the reason if there is one.
char* put_outcome(char* out, const AccessRecord& record) {
  out = put(put(out, " "), record.service);
  out = put(put(out, " "), record.backend);
  out = put(put(out, " "), (record.ended_us - record.begun_us) / 1000);
  return record.reason.empty() ? out : put(put(out, " reason="), record.reason);
}

char* write_common(const AccessRecord& record, CommonDate& date, char* out) {
  return put_outcome(put_common(out, record, date), record);
}

char* write_combined(const AccessRecord& record, CommonDate& date, char* out) {
  out = put(put_common(out, record, date), " ");
  out = put(put_quoted(out, record.referer, kMaxField), " ");
  return put_outcome(put_quoted(out, record.user_agent, kMaxField), record);
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

std::size_t line_room(const AccessRecord& record) {
  return room_beside_request_line(record) +
         escape_room(record.request_line.size(), kMaxRequestLine);
}

const AccessFormat* find_access_format(conf::AccessLogFormat name) {
  const auto* const found =
      std::find_if(std::begin(kFormats), std::end(kFormats),
                   [&](const AccessFormat& format) { return format.name == name; });
  return found != std::end(kFormats) ? found : nullptr;
}

}  // namespace worker::log
