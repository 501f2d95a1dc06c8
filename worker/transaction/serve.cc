// One request to a service with Serve or Respond, which Pound answers itself: see transaction.h.
#include "worker/http/chars.h"
#include "worker/http/redirect.h"
#include "worker/transaction/transaction.h"

namespace worker::transaction {

// Which document it asks for; while its head is there. Nothing when the request goes on.
std::optional<Transaction::Flow> Transaction::ask_for_document() {
  if (!now_.service->config.serve) return std::nullopt;
  const http::RequestHead& head = *now_.head;
  if (head.method != "GET" && head.method != "HEAD") {
    http::Answer answer = error_answer(405);
    answer.field.value = "GET, HEAD";
    return fail_with(answer, "serve_method");
  }
  std::string accept;
  for (const http::Field& field : head.fields) {
    if (http::equals_lower(field.name, "accept")) accept.append(field.value).append(",");
  }
  now_.document = serve::document_of(*now_.service->config.serve, head.path_query, accept);
  if (now_.document) return std::nullopt;
  const std::string location = serve::page_location(head.path_query);
  const std::string page = http::redirect_page(302, location);
  return send_answer(http::redirect_answer(302, location, page));
}

// A fixed answer, to whatever method.
Transaction::Flow Transaction::respond(const conf::Respond& respond) {
  if (respond.has_error_page()) return send_answer(error_answer(respond.code));
  http::Answer answer{.status = respond.code, .content_type = respond.type};
  if (respond.body) answer.page = *respond.body;
  if (respond.file) answer.page = *now_.service->pages.file;
  return send_answer(answer);
}

Transaction::Flow Transaction::serve() {
  if (now_.service->config.respond) return respond(*now_.service->config.respond);
  if (!generated_) {
    generated_ = serve::make_body(*now_.document, context_.served, net::EventLoop::now_ms());
    if (!reserve(generated_->memory())) {
      generated_.reset();
      return fail_for_now("serve_memory");
    }
  }
  if (generated_->prepare()) {
    client_.read_later();
    return Flow::wait;
  }
  return begin_document();
}

Transaction::Flow Transaction::begin_document() {
  std::string part;
  const bool is_last = !generated_->next(part);
  using Kind = http::Framing::Kind;
  http::Framing body{.kind = is_last ? Kind::length : Kind::chunked, .length = part.size()};
  if (now_.facts.is_head) {
    body = {};
    part.clear();
  }
  http::ResponseHead& head = context_.response_head;
  head.status = record_.status = 200;
  head.reason = "OK";
  head.fields.clear();
  head.size = 0;
  added_.assign(generated_->fields()).append(serve::kCommonFields);
  edit_document();
  now_.response_begun = true;
  now_.response_bytes += part.size();
  const bool is_whole = is_last || now_.facts.is_head;
  if (is_whole) count_end();
  client_.send_head({.head = head, .body = body, .added = added_},
                    {.data = part, .is_last = is_whole});
  if (is_whole) generated_.reset();
  return go(Step::relay);
}

// One part in a turn of the loop, once the client has taken the parts before.
void Transaction::pump_generated() {
  if (client_.is_blocked() || client_.has_failed()) return;
  std::string part;
  const bool is_last = !generated_->next(part);
  now_.response_bytes += part.size();
  if (is_last) count_end();
  client_.send_body({.data = part, .is_last = is_last});
  if (is_last) {
    generated_.reset();
    give_reserve_back();
  } else {
    client_.read_later();
  }
}

}  // namespace worker::transaction
