// See named_format.h.
#include "worker/log/named_format.h"

#include <algorithm>
#include <array>

#include "conf/load_access_log.h"
#include "worker/log/access_fields.h"
#include "worker/log/escape.h"
#include "worker/log/put.h"

namespace worker::log {
namespace {

// What is kept free for each field that is still to come: any number or time, and of a text its
// beginning.
constexpr std::size_t kLeastOfField = 32;
static_assert(kLeastOfField >= kMaxTime && kLeastOfField >= kMaxNumberRoom);
static_assert(conf::kMostLogFormat + conf::kMostLogFields * kLeastOfField <= kMaxRecord);
// So that a target which the record does not have whole is always cut.
constexpr std::size_t kMostTarget = std::size_t{6} * 1024;
static_assert(kMostTarget + kMaxName < kMaxRequestLine);

std::size_t least_of(const conf::LogPart& part) {
  return part.text.size() + (part.field ? kLeastOfField : 0);
}

class Writer {
 public:
  Writer(const std::vector<conf::LogPart>& parts, const AccessRecord& record, Dates& dates,
         char* out)
      : record_(record), dates_(dates), out_(out), free_(kMaxRecord) {
    for (const conf::LogPart& part : parts) free_ -= least_of(part);
  }

  void write(const conf::LogPart& part) {
    out_ = put(out_, part.text);
    if (!part.field) return;
    const char* const begin = out_;
    const std::size_t most = free_ + kLeastOfField;
    write_value(value_of(*part.field, record_, kMostTarget), part.is_quoted, most);
    free_ = most - static_cast<std::size_t>(out_ - begin);
  }

  char* end() const { return out_; }

 private:
  void write_value(const FieldValue& value, bool is_quoted, std::size_t most) {
    switch (value.kind) {
      case FieldValue::Kind::none:
        out_ = put(out_, "-");
        break;
      case FieldValue::Kind::text:
        write_text(value, is_quoted, std::min(value.most, most - kEllipsis.size()));
        break;
      case FieldValue::Kind::number:
        out_ = put(out_, value.number);
        break;
      case FieldValue::Kind::milliseconds:
        out_ = put_ms(out_, value.number);
        break;
      case FieldValue::Kind::time:
        out_ = put_time(out_, record_, dates_.rfc3339);
        break;
    }
  }

  // A text "-" would look like none.
  void write_text(const FieldValue& value, bool is_quoted, std::size_t most) {
    if (value.text == "-") {
      out_ = put(out_, "\\x2d");
    } else if (is_quoted || value.text.find(' ') == value.text.npos) {
      out_ = escape(out_, value.text, most);
    } else {
      out_ = escape_word(out_, value.text, most);
    }
  }

  const AccessRecord& record_;
  Dates& dates_;
  char* out_;
  std::size_t free_;  // bytes that nothing that is still to come needs
};

}  // namespace

char* write_named(const std::vector<conf::LogPart>& parts, const AccessRecord& record, Dates& dates,
                  char* out) {
  Writer writer(parts, record, dates, out);
  for (const conf::LogPart& part : parts) writer.write(part);
  return writer.end();
}

}  // namespace worker::log
