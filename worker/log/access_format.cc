// Formats of the access log: see access_format.h.
#include "worker/log/access_format.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "shm/log_ring.h"
#include "worker/log/escape.h"
#include "worker/log/json_record.h"
#include "worker/log/named_format.h"
#include "worker/log/put.h"

namespace worker::log {

namespace {

using Kind = conf::AccessLog::Kind;

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

char* put_quoted(char* out, std::string_view text, std::size_t most) {
  if (text.empty()) return put(out, "\"-\"");
  return put(escape(put(out, "\""), text, most), "\"");
}

// Readers split a line at its spaces, and a user may have some. A user named "-" would look like
// none.
char* put_user(char* out, std::string_view user) {
  if (user.empty()) return put(out, "-");
  return user == "-" ? put(out, "\\x2d") : escape_word(out, user, kMaxUser);
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

char* write_combined(const AccessRecord& record, CommonDate& date, char* out) {
  out = put(put_common(out, record, date), " ");
  out = put(put_quoted(out, record.referer, kMaxField), " ");
  return put_outcome(put_quoted(out, record.user_agent, kMaxField), record);
}

}  // namespace

std::string_view CommonDate::text(std::time_t when) {
  if (when != when_) {
    std::tm parts{};
    ::localtime_r(&when, &parts);
    std::array<char, 40> text;
    text_.assign(text.data(),
                 std::strftime(text.data(), text.size(), "[%d/%b/%Y:%H:%M:%S %z]", &parts));
    when_ = when;
  }
  return text_;
}

std::string_view Rfc3339Date::text(std::time_t when) {
  if (when != when_) {
    std::tm parts{};
    ::gmtime_r(&when, &parts);
    std::array<char, 32> text;
    text_.assign(text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts));
    when_ = when;
  }
  return text_;
}

Shows shown_by(Kind kind) {
  switch (kind) {
    case Kind::combined:
      return Shows::fields;
    case Kind::common:
      return Shows::line;
    case Kind::json:
    case Kind::format:
      return Shows::all;
    case Kind::none:
      break;
  }
  return Shows::nothing;
}

std::size_t line_room(Kind kind, const AccessRecord& record) {
  if (kind == Kind::format) return kNamedRoom;
  if (kind == Kind::json) return kJsonRoom;
  return room_beside_request_line(record) +
         escape_room(record.request_line.size(), kMaxRequestLine);
}

char* write_record(const conf::AccessLog& format, const AccessRecord& record, Dates& dates,
                   char* out) {
  switch (format.kind) {
    case Kind::combined:
      return write_combined(record, dates.common, out);
    case Kind::common:
      return put_outcome(put_common(out, record, dates.common), record);
    case Kind::json:
      return write_json(record, dates, out);
    case Kind::format:
      return write_named(format.parts, record, dates, out);
    case Kind::none:
      break;
  }
  return out;
}

}  // namespace worker::log
