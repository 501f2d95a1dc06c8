// See json_record.h.
#include "worker/log/json_record.h"

#include <algorithm>
#include <array>
#include <cstdint>

#include "worker/log/access_fields.h"
#include "worker/log/json_text.h"
#include "worker/log/put.h"

namespace worker::log {
namespace {

using conf::LogField;

constexpr std::size_t kFields = static_cast<std::size_t>(LogField::retries) + 1;
// Room for everything that is not a text of the record: keys, numbers and punctuation.
constexpr std::size_t kFixedRoom = 1536;
// The target gets at least so many bytes.
constexpr std::size_t kLeastTarget = 1024;

constexpr std::size_t kNames = 12;  // texts of kMaxName at most
static_assert(kFixedRoom + kLeastTarget + 2 * kMaxField + kMaxUser + kNames * kMaxName <=
              kJsonRoom);

// The keys with what stands around them: `"time":`, then `,"request_id":`.
const std::array<std::string, kFields>& keys() {
  static const auto made = [] {
    std::array<std::string, kFields> texts;
    for (std::size_t i = 0; i < kFields; ++i) {
      texts[i] = (i == 0 ? "\"" : ",\"") + std::string(conf::log_field_names()[i]) + "\":";
    }
    return texts;
  }();
  return made;
}

// What all but the target can need: each text as if all of its bytes were escaped.
std::size_t room_beside_line(const AccessRecord& record) {
  std::size_t names = record.client_ip.size() + record.peer_ip.size() + record.listener.size() +
                      record.service.size() + record.backend.size() + record.method_size +
                      record.protocol.size() + record.request_id.size() + record.host.size() +
                      record.reason.size() + record.tls.size() + record.cipher.size();
  names = json_room(names, kNames * kMaxName);
  return kFixedRoom + names + json_room(record.user.size(), kMaxUser) +
         json_room(record.referer.size(), kMaxField) +
         json_room(record.user_agent.size(), kMaxField);
}

class Writer {
 public:
  Writer(const AccessRecord& record, Dates& dates, char* out)
      : record_(record), dates_(dates), out_(out) {}

  char* write() {
    const std::size_t beside = room_beside_line(record_);
    const std::size_t most =
        std::clamp(kMaxRecord - std::min(kMaxRecord, beside), kLeastTarget, kMaxRequestLine);
    const std::array<std::string, kFields>& before = keys();
    out_ = put(out_, "{");
    for (std::size_t i = 0; i < kFields; ++i) {
      const auto field = static_cast<LogField>(i);
      out_ = put(out_, before[i]);
      write_value(field, value_of(field, record_, most));
    }
    write_cuts();
    return put(out_, "}");
  }

 private:
  void write_value(LogField field, const FieldValue& value) {
    switch (value.kind) {
      case FieldValue::Kind::none:
        out_ = put(out_, "null");
        break;
      case FieldValue::Kind::number:
        out_ = put(out_, value.number);
        break;
      case FieldValue::Kind::milliseconds:
        out_ = put_ms(out_, value.number);
        break;
      case FieldValue::Kind::time:
        out_ = put(put_time(put(out_, "\""), record_, dates_.rfc3339), "\"");
        break;
      case FieldValue::Kind::text: {
        const JsonEnd done = json_text(put(out_, "\""), value.text, value.most);
        out_ = put(done.end, "\"");
        if (done.is_cut) cuts_ |= std::uint64_t{1} << static_cast<unsigned>(field);
        break;
      }
    }
  }

  void write_cuts() {
    out_ = put(out_, ",\"cut\":[");
    std::string_view separator;
    for (std::size_t i = 0; cuts_ != 0; ++i, cuts_ >>= 1U) {
      if ((cuts_ & 1U) == 0) continue;
      out_ = put(put(put(put(out_, separator), "\""), conf::log_field_names()[i]), "\"");
      separator = ",";
    }
    out_ = put(out_, "]");
  }

  const AccessRecord& record_;
  Dates& dates_;
  char* out_;
  std::uint64_t cuts_ = 0;  // the fields that are not whole, by number
};

}  // namespace

char* write_json(const AccessRecord& record, Dates& dates, char* out) {
  return Writer(record, dates, out).write();
}

}  // namespace worker::log
