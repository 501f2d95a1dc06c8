// See access_fields.h.
#include "worker/log/access_fields.h"

namespace worker::log {
namespace {

using conf::LogField;
using Kind = FieldValue::Kind;

FieldValue text_of(std::string_view text, std::size_t most) {
  if (text.empty()) return {};
  return {.kind = Kind::text, .text = text, .most = most};
}

// Names have "-" for none.
FieldValue name_of(std::string_view name) {
  return name == "-" ? FieldValue{} : text_of(name, kMaxName);
}

FieldValue number_of(std::uint64_t number) { return {.kind = Kind::number, .number = number}; }

FieldValue time_of(std::uint64_t us) { return {.kind = Kind::milliseconds, .number = us}; }

FieldValue phase_of(const AccessRecord& record, AccessRecord::Phase phase) {
  const AccessRecord::PhaseTime& time = record.phases[static_cast<std::size_t>(phase)];
  return time.was_reached ? time_of(time.us) : FieldValue{};
}

std::string_view session_word(AccessRecord::Session session) {
  switch (session) {
    case AccessRecord::Session::none:
      return {};
    case AccessRecord::Session::fresh:
      return "new";
    case AccessRecord::Session::known:
      return "known";
  }
  return {};
}

// What the request line is made of.
FieldValue part_of_line(LogField field, const AccessRecord& record, std::size_t most) {
  const std::string_view line = record.request_line;
  const bool is_split = record.method_size != 0;
  switch (field) {
    case LogField::method:
      return text_of(line.substr(0, record.method_size), kMaxName);
    case LogField::target:
      return is_split ? text_of(line.substr(record.method_size + 1, record.target_size), most)
                      : FieldValue{};
    case LogField::protocol:
      return text_of(record.protocol, kMaxName);
    default:
      return is_split ? FieldValue{} : text_of(line, most);
  }
}

}  // namespace

FieldValue value_of(LogField field, const AccessRecord& record, std::size_t most_of_line) {
  switch (field) {
    case LogField::time:
      return {.kind = Kind::time};
    case LogField::request_id:
      return text_of(record.request_id, kMaxName);
    case LogField::client:
      return text_of(record.client_ip, kMaxName);
    case LogField::client_port:
      return record.client_port != 0 ? number_of(record.client_port) : FieldValue{};
    case LogField::peer:
      return text_of(record.peer_ip, kMaxName);
    case LogField::listener:
      return name_of(record.listener);
    case LogField::service:
      return record.service != record.listener ? name_of(record.service) : FieldValue{};
    case LogField::backend:
      return name_of(record.backend);
    case LogField::host:
      return text_of(record.host, kMaxName);
    case LogField::method:
    case LogField::target:
    case LogField::protocol:
    case LogField::request:
      return part_of_line(field, record, most_of_line);
    case LogField::status:
      return number_of(static_cast<std::uint64_t>(record.status));
    case LogField::reason:
      return text_of(record.reason, kMaxName);
    case LogField::user:
      return text_of(record.user, kMaxUser);
    case LogField::referer:
      return text_of(record.referer, kMaxField);
    case LogField::user_agent:
      return text_of(record.user_agent, kMaxField);
    case LogField::request_bytes:
      return number_of(record.request_bytes);
    case LogField::response_bytes:
      return number_of(record.body_bytes);
    case LogField::queue_ms:
      return phase_of(record, AccessRecord::Phase::queue);
    case LogField::connect_ms:
      return phase_of(record, AccessRecord::Phase::connect);
    case LogField::first_byte_ms:
      return phase_of(record, AccessRecord::Phase::first_byte);
    case LogField::total_ms:
      return time_of(record.ended_us - record.begun_us);
    case LogField::tls:
      return text_of(record.tls, kMaxName);
    case LogField::cipher:
      return text_of(record.cipher, kMaxName);
    case LogField::session:
      return text_of(session_word(record.session), kMaxName);
    case LogField::retries:
      return number_of(record.retries);
  }
  return {};
}

}  // namespace worker::log
