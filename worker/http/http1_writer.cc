// HTTP/1 text: see http1_writer.h.
#include "worker/http/http1_writer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include "worker/http/status.h"
#include "worker/http/uri.h"

namespace worker::http {
namespace {

// Enough for the fields that Pound adds to a head, with addresses and ports in them.
constexpr std::size_t kRoom = 512;

// Most fields are short: one append from the stack takes 0.6 of the instructions of four.
void append_field(std::string& out, std::string_view name, std::string_view value) {
  std::array<char, 256> line;
  const std::size_t size = name.size() + value.size() + 4;
  if (size > line.size()) {
    out.append(name).append(": ").append(value).append("\r\n");
    return;
  }
  char* to = std::copy(name.begin(), name.end(), line.data());
  *to++ = ':';
  *to++ = ' ';
  to = std::copy(value.begin(), value.end(), to);
  *to++ = '\r';
  *to = '\n';
  out.append(line.data(), size);
}

// Prints the fields that a visitor decides on. Received fields that are in canonical form already,
// as most are, are copied as they stand, and neighbours among them in one piece.
class FieldPrinter {
 public:
  explicit FieldPrinter(std::string& out) : out_(out) {}
  ~FieldPrinter() { flush(); }
  FieldPrinter(const FieldPrinter&) = delete;
  FieldPrinter& operator=(const FieldPrinter&) = delete;

  void operator()(const Field& field) {
    const char* const begin = field.name.data();
    const char* const value = begin + field.name.size() + 2;
    const bool is_canonical = field.value.data() == value && value[-2] == ':' && value[-1] == ' ' &&
                              value[field.value.size()] == '\r';
    if (!is_canonical) return (*this)(field.name, field.value);
    if (begin != end_) {
      flush();
      begin_ = begin;
    }
    end_ = value + field.value.size() + 2;
  }

  void operator()(std::string_view name, std::string_view value) {
    flush();
    append_field(out_, name, value);
  }

 private:
  void flush() {
    if (begin_ == end_) return;
    out_.append(begin_, static_cast<std::size_t>(end_ - begin_));
    begin_ = end_;
  }

  std::string& out_;
  const char* begin_ = nullptr;  // of the lines that were visited but not copied yet
  const char* end_ = nullptr;
};

void append_number(std::string& out, std::uint64_t number) {
  std::array<char, 20> digits;
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

void append_status_line(std::string& out, int status, std::string_view reason) {
  out.append("HTTP/1.1 ");
  append_number(out, static_cast<std::uint64_t>(status));
  out.append(" ").append(reason).append("\r\n");
}

void append_content_length(std::string& out, std::uint64_t length) {
  out.append("Content-Length: ");
  append_number(out, length);
  out.append("\r\n");
}

void append_framing(std::string& out, const Framing& body) {
  if (body.kind == Framing::Kind::length) append_content_length(out, body.length);
  if (body.kind == Framing::Kind::chunked) out.append("Transfer-Encoding: chunked\r\n");
}

// With these methods a server expects a body, so a request without one says so, RFC 9110 8.6.
bool needs_empty_length(std::string_view method) {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

// The option that tells the client whether its connection stays open; empty where the version
// implies it.
std::string_view persistence(bool keep_alive, bool client_is_http10) {
  if (!keep_alive) return "close";
  return client_is_http10 ? "keep-alive" : "";
}

// 426 without Upgrade would not tell the client what to change to.
void append_connection(const ResponseHead& head, const ResponseRewrite& how, std::string& out) {
  const bool keep = how.keep_alive && how.body.kind != Framing::Kind::until_close;
  const Field* upgrade = head.status == 426 ? head.fields.find(FieldId::upgrade) : nullptr;
  if (upgrade != nullptr) append_field(out, "Upgrade", upgrade->value);
  const std::string_view option = persistence(keep, how.client_is_http10);
  if (option.empty() && upgrade == nullptr) return;
  out.append("Connection: ").append(option);
  if (upgrade != nullptr) out.append(option.empty() ? "" : ", ").append("upgrade");
  out.append("\r\n");
}

}  // namespace

void write_request_head(const RequestHead& head, const RequestFacts& facts,
                        const Forwarded& forwarded, std::string& out) {
  out.reserve(out.size() + head.size + facts.host.size() + forwarded.tls_fields.size() + kRoom);
  out.append(head.method).append(" ");
  if (head.breaches.empty()) {
    out.append(head.path_query);
  } else {
    append_path_query(head.path_query, true, out);
  }
  out.append(" HTTP/1.1\r\n");
  for_each_request_field(head, facts, forwarded, FieldPrinter(out));
  append_framing(out, facts.body);
  if (facts.body.kind == Framing::Kind::none && needs_empty_length(head.method)) {
    append_content_length(out, 0);
  }
  if (facts.expects_continue) out.append("Expect: 100-continue\r\n");
  if (!facts.upgrade.empty()) {
    out.append("Connection: upgrade\r\n");
    append_field(out, "Upgrade", facts.upgrade);
  }
  out.append("\r\n");
}

void write_response_head(const ResponseHead& head, const ResponseRewrite& how, std::string& out) {
  out.reserve(out.size() + head.size + how.added.head_add.size() + how.added.hsts.size() + kRoom);
  append_status_line(out, head.status, head.reason);
  for_each_response_field(head, how.added, FieldPrinter(out));
  append_framing(out, how.body);
  if (how.body.kind == Framing::Kind::none) {
    if (const auto length = informative_length(head)) append_content_length(out, *length);
  }
  if (how.body.kind == Framing::Kind::chunked) {
    // Announces the fields behind the chunked body; without chunks there is no trailer.
    for (const Field& field : head.fields) {
      if (field.id == FieldId::trailer) append_field(out, "Trailer", field.value);
    }
  }
  append_connection(head, how, out);
  if (!how.date.empty() && !head.fields.has(FieldId::date)) append_field(out, "Date", how.date);
  for_each_added_field(how.added, FieldPrinter(out));
  out.append("\r\n");
}

void write_interim_head(const ResponseHead& head, std::string& out) {
  out.reserve(out.size() + head.size + kRoom);
  append_status_line(out, head.status, head.reason);
  for_each_response_field(head, {}, FieldPrinter(out));
  const Field* upgrade = head.status == 101 ? head.fields.find(FieldId::upgrade) : nullptr;
  if (upgrade != nullptr) {
    out.append("Connection: upgrade\r\n");
    append_field(out, "Upgrade", upgrade->value);
  }
  out.append("\r\n");
}

void write_answer(const Answer& answer, const Http1Context& context, std::string& out) {
  const std::string_view page = context.to_head ? std::string_view() : answer.page;
  out.reserve(out.size() + answer.field.value.size() + context.added.size() + answer.added.size() +
              page.size() + kRoom);
  append_status_line(out, answer.status, reason_phrase(answer.status));
  if (!answer.content_type.empty()) append_field(out, "Content-Type", answer.content_type);
  if (!has_no_content(answer.status)) append_content_length(out, answer.page.size());
  if (!answer.field.name.empty()) append_field(out, answer.field.name, answer.field.value);
  const std::string_view option = persistence(context.keep_alive, context.client_is_http10);
  if (!option.empty()) append_field(out, "Connection", option);
  if (!context.date.empty()) append_field(out, "Date", context.date);
  out.append(context.added).append(answer.added).append("\r\n").append(page);
}

}  // namespace worker::http
