// One request and the response that we make ourselves, a page or a redirect: see transaction.h.
#include "worker/http/redirect.h"
#include "worker/http/uri.h"
#include "worker/log/escape.h"
#include "worker/route/changed_url.h"
#include "worker/tls/context.h"
#include "worker/transaction/transaction.h"

namespace worker::transaction {

Transaction::Flow Transaction::refuse(const http::Refusal& refusal, std::string_view excerpt) {
  const std::string whose =
      "request of " + std::string(now_.client_ip) + " to " + now_.listener->name;
  note_refusal(whose, refusal, excerpt);
  now_.end = Exchange::End::refused;
  const http::ReasonInfo& reason = http::info(refusal.reason);
  return fail(reason.status, reason.code);
}

Transaction::Flow Transaction::refuse_head(const http::Refusal& refusal) {
  return refuse(refusal, http::excerpt(now_.head->bytes, refusal.offset));
}

void Transaction::note_refusal(std::string_view whose, const http::Refusal& refusal,
                               std::string_view excerpt) {
  context_.segment.listeners().count_refusal(now_.listener->heritage.row, context_.row,
                                             static_cast<std::uint32_t>(refusal.reason));
  if (context_.log.detail() < 1) return;
  const http::ReasonInfo& reason = http::info(refusal.reason);
  std::string line(whose);
  line.append(" refused: reason=").append(reason.code);
  line.append(" offset=").append(std::to_string(refusal.offset)).append(" excerpt=\"");
  log::append_escaped(line, excerpt);
  line.append("\": ").append(reason.text).append(" (").append(reason.section).append(")");
  if (!record_.request_id.empty()) line.append(" request_id=").append(record_.request_id);
  context_.log.write(log::Severity::info, line);
}

// Before the response has begun the client gets a page; after that, a truncated response.
Transaction::Flow Transaction::fail(int status, std::string_view reason) {
  return fail_with(error_answer(status), reason);
}

// The error page, with the id of the request if it shows one.
http::Answer Transaction::error_answer(int status) {
  const http::PageLevels levels = page_levels();
  http::Answer answer =
      context_.pages.answer(status, now_.listener->heritage.allowed_methods, levels);
  page_ = context_.pages.body_with_id(status, record_.request_id, levels);
  if (!page_.empty()) answer.page = page_;
  return answer;
}

// The pages of the service count from the moment when it is known.
http::PageLevels Transaction::page_levels() const {
  return {.service = now_.service != nullptr ? &now_.service->pages.errors : nullptr,
          .listener = &now_.listener->heritage.pages};
}

// The service is disabled.
Transaction::Flow Transaction::answer_for_maintenance() {
  http::Answer answer = error_answer(503);
  const std::optional<conf::Maintenance>& maintenance = now_.service->config.maintenance;
  if (!maintenance) return fail_with(answer, "service_disabled");
  const std::string& page = *now_.service->pages.maintenance;
  page_ = http::with_request_id(page, record_.request_id);
  answer.page = page_.empty() ? std::string_view(page) : page_;
  const std::string seconds = std::to_string(maintenance->retry_after.count());
  answer.field = {"Retry-After", seconds};
  return fail_with(answer, "service_disabled");
}

Transaction::Flow Transaction::fail_with(const http::Answer& answer, std::string_view reason) {
  record_.reason = reason;
  drop_upstream();
  admission_.leave();
  if (!now_.response_begun) return send_answer(answer);
  if (now_.end == Exchange::End::whole) now_.end = Exchange::End::truncated;
  return go(Step::finish);
}

Transaction::Flow Transaction::fail_for_now(std::string_view reason) {
  http::Answer answer = error_answer(503);
  answer.field = {"Retry-After", "1"};
  return fail_with(answer, reason);
}

Transaction::Flow Transaction::redirect(const conf::Redirect& redirect) {
  const route::NewLocation location =
      route::redirect_location(redirect, now_.asked_host, now_.head->path_query);
  if (location.is_invalid) return fail(500, "redirect_invalid");
  if (location.url.empty()) return refuse_head({http::Reason::host_missing});
  const std::string page = http::redirect_page(redirect.code, location.url);
  return send_answer(http::redirect_answer(redirect.code, location.url, page));
}

// The certificate has told the client which hosts this server speaks for. A client that uses its
// connection for another host is misdirected; a request that names no host is not.
bool Transaction::is_misdirected() const {
  const std::optional<conf::Tls>& tls = now_.listener->config.tls;
  if (!tls || !tls->strict_sni || now_.facts.host.empty()) return false;
  std::string_view host = http::host_of(now_.facts.host);
  if (host.ends_with('.')) host.remove_suffix(1);
  return !tls::Context::covers(now_.tls, host);
}

Transaction::Flow Transaction::send_answer(http::Answer answer) {
  record_.status = answer.status;
  now_.response_begun = true;
  edit_answer(answer);
  count_end();
  record_.body_bytes = client_.send_answer(answer, now_.end == Exchange::End::refused);
  return go(Step::relay);
}

}  // namespace worker::transaction
