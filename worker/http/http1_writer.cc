// HTTP/1 text: see http1_writer.h.
#include "worker/http/http1_writer.h"

#include "worker/http/status.h"

namespace worker::http {
namespace {

// More than the status line and the fields of an answer take without the answer's own field.
constexpr std::size_t kRoom = 256;

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

void write_answer(const Answer& answer, const Http1Context& context, std::string& out) {
  const std::string_view page = context.to_head ? std::string_view() : answer.page;
  out.reserve(out.size() + answer.field.value.size() + context.added.size() + page.size() + kRoom);
  out.append("HTTP/1.1 ").append(std::to_string(answer.status));
  out.append(" ").append(reason_phrase(answer.status)).append("\r\n");
  append_field(out, "Content-Type", answer.content_type);
  append_field(out, "Content-Length", std::to_string(answer.page.size()));
  if (!answer.field.name.empty()) append_field(out, answer.field.name, answer.field.value);
  if (!context.keep_alive) {
    append_field(out, "Connection", "close");
  } else if (context.client_is_http10) {
    append_field(out, "Connection", "keep-alive");
  }
  out.append(context.added).append("\r\n").append(page);
}

}  // namespace worker::http
