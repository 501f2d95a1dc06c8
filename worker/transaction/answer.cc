// One request and the response that we make ourselves, a page or a redirect: see transaction.h.
#include "shm/segment.h"
#include "worker/http/http1_writer.h"
#include "worker/http/redirect.h"
#include "worker/http/uri.h"
#include "worker/log/escape.h"
#include "worker/tls/context.h"
#include "worker/transaction/transaction.h"

namespace worker::transaction {

Transaction::Flow Transaction::refuse(const http::Refusal& refusal, std::string_view excerpt) {
  note_refusal("request of " + client_->ip() + " to " + client_->listener().name, refusal, excerpt);
  // What follows a refused head or body cannot be trusted to be a request.
  facts_.keep_alive = false;
  const http::ReasonInfo& reason = http::info(refusal.reason);
  fail(reason.status, reason.code);
  if (after_ == client::ClientConnection::After::close)
    after_ = client::ClientConnection::After::linger;
  return Flow::next;
}

Transaction::Flow Transaction::refuse_head(const http::Refusal& refusal) {
  return refuse(refusal, http::excerpt(worker_.request_head.bytes, refusal.offset));
}

void Transaction::note_refusal(std::string_view whose, const http::Refusal& refusal,
                               std::string_view excerpt) {
  worker_.segment.listeners().count_refusal(client_->listener().heritage.row, worker_.heritage.row,
                                            static_cast<std::uint32_t>(refusal.reason));
  if (worker_.log.detail() < 1) return;
  const http::ReasonInfo& reason = http::info(refusal.reason);
  std::string line(whose);
  line.append(" refused: reason=").append(reason.code);
  line.append(" offset=").append(std::to_string(refusal.offset)).append(" excerpt=\"");
  log::append_escaped(line, excerpt);
  line.append("\": ").append(reason.text).append(" (").append(reason.section).append(")");
  worker_.log.write(log::Severity::info, line);
}

// Before the response has begun: answers with a page. After: the close tells the client.
Transaction::Flow Transaction::fail(int status, std::string_view reason) {
  record_.reason = reason;
  drop_upstream();
  release_slots();
  if (response_begun_) {
    // A body without a length of its own would look complete after an orderly close.
    const bool ends_by_close = response_.ends_by_close();
    after_ = ends_by_close ? client::ClientConnection::After::abort
                           : client::ClientConnection::After::close;
    return go(Step::finish);
  }
  return send_answer(worker_.heritage.pages.answer(status));
}

Transaction::Flow Transaction::redirect(const conf::Redirect& redirect) {
  const std::string location =
      http::redirect_location({redirect.scheme, redirect.host, redirect.port, redirect.path},
                              facts_.host, worker_.request_head.path_query);
  if (location.empty()) return refuse_head({http::Reason::host_missing});
  const std::string page = http::redirect_page(redirect.code, location);
  return send_answer(http::redirect_answer(redirect.code, location, page));
}

// A client that uses a connection again for another host has been told by the certificate which
// ones this server speaks for. Who names no host asks for none that could be wrong.
bool Transaction::is_misdirected() const {
  const std::optional<conf::Tls>& tls = client_->listener().config.tls;
  if (!tls || !tls->strict_sni || facts_.host.empty()) return false;
  std::string_view host = http::host_of(facts_.host);
  if (host.ends_with('.')) host.remove_suffix(1);
  return !tls::Context::covers(client_->stream().tls()->ssl(), host);
}

// Who is still sending a body when its answer comes will not be asked for more of it.
bool Transaction::settle_client(bool is_framed) {
  const bool has_sent_all = request_.source_done();
  const bool keep = facts_.keep_alive && is_framed && has_sent_all && !worker_.draining;
  after_ = keep           ? client::ClientConnection::After::keep_alive
           : has_sent_all ? client::ClientConnection::After::close
                          : client::ClientConnection::After::linger;
  return keep;
}

Transaction::Flow Transaction::send_answer(const http::Answer& answer) {
  const bool keep = settle_client(true);
  record_.status = answer.status;
  record_.body_bytes = facts_.is_head ? 0 : answer.page.size();
  response_begun_ = true;
  worker_.head_text.clear();
  http::write_answer(answer,
                     {.keep_alive = keep,
                      .client_is_http10 = facts_.is_http10,
                      .to_head = facts_.is_head,
                      .added = client_->listener().hsts},
                     worker_.head_text);
  response_.set_last(after_ != client::ClientConnection::After::keep_alive);
  response_.take(&client_->stream(), worker_.head_text, nullptr, 0);
  return go(Step::relay);
}

}  // namespace worker::transaction
