// From response heads to fields: see response_block.h.
#include "worker/http2/response_block.h"

#include "worker/http/chars.h"

namespace worker::http2 {
namespace {

using http::Field;
using http::FieldId;
using http::Framing;

// Takes what forwarded_fields.h decides on.
class Adder {
 public:
  explicit Adder(Encoder& encoder) : encoder_(encoder) {}
  void operator()(const Field& field) { encoder_.add(field.name, field.value); }
  void operator()(std::string_view name, std::string_view value) { encoder_.add(name, value); }

 private:
  Encoder& encoder_;
};

void begin(Encoder& encoder, int status) {
  encoder.begin();
  encoder.add_number(":status", static_cast<std::uint64_t>(status));
}

void add_length(Encoder& encoder, const http::ResponseHead& head, const Framing& body) {
  if (body.kind == Framing::Kind::length) encoder.add_number("content-length", body.length);
  if (body.kind != Framing::Kind::none) return;
  if (const auto length = http::informative_length(head)) {
    encoder.add_number("content-length", *length);
  }
}

void add_date(Encoder& encoder, const http::ResponseHead& head, std::string_view date) {
  if (!date.empty() && !head.fields.has(FieldId::date)) encoder.add("date", date);
}

}  // namespace

void encode_response(Encoder& encoder, const http::ResponseHead& head, const ResponseFields& how,
                     std::string& block) {
  begin(encoder, head.status);
  http::for_each_response_field(head, how.added, Adder(encoder));
  add_length(encoder, head, how.body);
  if (how.body.kind == Framing::Kind::chunked) {
    for (const Field& field : head.fields) {
      if (field.id == FieldId::trailer) encoder.add("trailer", field.value);
    }
  }
  add_date(encoder, head, how.date);
  http::for_each_added_field(how.added, Adder(encoder));
  encoder.finish(block);
}

void encode_interim(Encoder& encoder, const http::ResponseHead& head, std::string& block) {
  begin(encoder, head.status);
  http::for_each_response_field(head, {}, Adder(encoder));
  encoder.finish(block);
}

void encode_tunnel(Encoder& encoder, const http::ResponseHead& head, std::string_view date,
                   std::string& block) {
  begin(encoder, 200);
  http::for_each_response_field(head, {}, [&encoder](const Field& field) {
    if (http::equal_ignoring_case(field.name, "sec-websocket-accept")) return;
    encoder.add(field.name, field.value);
  });
  add_date(encoder, head, date);
  encoder.finish(block);
}

void encode_answer(Encoder& encoder, const http::Answer& answer, std::string_view added,
                   std::string_view date, std::string& block) {
  begin(encoder, answer.status);
  if (!answer.content_type.empty()) encoder.add("content-type", answer.content_type);
  if (!http::has_no_content(answer.status)) {
    encoder.add_number("content-length", answer.page.size());
  }
  if (!answer.field.name.empty()) encoder.add(answer.field.name, answer.field.value);
  if (!date.empty()) encoder.add("date", date);
  http::for_each_line(added, Adder(encoder));
  http::for_each_line(answer.added, Adder(encoder));
  encoder.finish(block);
}

void encode_trailer(Encoder& encoder, std::string_view lines, std::string& block) {
  encoder.begin();
  http::for_each_line(lines, Adder(encoder));
  encoder.finish(block);
}

}  // namespace worker::http2
