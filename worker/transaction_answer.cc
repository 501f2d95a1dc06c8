// One request and the response that we make ourselves, a page or a redirect: see transaction.h.
#include "worker/http/redirect.h"
#include "worker/http/uri.h"
#include "worker/tls_context.h"
#include "worker/transaction.h"

namespace worker {

Transaction::Flow Transaction::refuse(const http::Refusal& refusal) {
  // What follows a refused head cannot be trusted to be a request.
  facts_.keep_alive = false;
  const http::ReasonInfo& reason = http::info(refusal.reason);
  fail(reason.status, reason.code);
  after_ = ClientConnection::After::linger;
  return Flow::next;
}

// Before the response has begun: answers with a page. After: the close tells the client.
Transaction::Flow Transaction::fail(int status, std::string_view reason) {
  record_.reason = reason;
  drop_upstream();
  release_slots();
  if (response_begun_) {
    // A body without a length of its own would look complete after an orderly close.
    const bool ends_by_close = response_.ends_by_close();
    after_ = ends_by_close ? ClientConnection::After::abort : ClientConnection::After::close;
    return go(Step::finish);
  }
  const http::ErrorPages& pages = worker_.heritage.pages;
  pages.write(status, begin_answer(status), worker_.head_text);
  return send_answer(pages.body(status).size());
}

Transaction::Flow Transaction::redirect(const conf::Redirect& redirect) {
  const std::string location =
      http::redirect_location({redirect.scheme, redirect.host, redirect.port, redirect.path},
                              facts_.host, worker_.request_head.path_query);
  if (location.empty()) return refuse({http::Reason::host_missing});
  return send_answer(http::write_redirect(redirect.code, location, begin_answer(redirect.code),
                                          worker_.head_text));
}

// A client that uses a connection again for another host has been told by the certificate which
// ones this server speaks for. Who names no host asks for none that could be wrong.
bool Transaction::is_misdirected() const {
  const std::optional<conf::Tls>& tls = client_->listener().config.tls;
  if (!tls || !tls->strict_sni || facts_.host.empty()) return false;
  std::string_view host = http::host_of(facts_.host);
  if (host.ends_with('.')) host.remove_suffix(1);
  return !TlsContext::covers(client_->stream().tls()->ssl(), host);
}

// Settles what becomes of the connection, and clears the text that the response goes into.
http::OwnResponse Transaction::begin_answer(int status) {
  const bool keep = facts_.keep_alive && request_.source_done() && !worker_.draining;
  after_ = keep                     ? ClientConnection::After::keep_alive
           : request_.source_done() ? ClientConnection::After::close
                                    : ClientConnection::After::linger;
  record_.status = status;
  response_begun_ = true;
  worker_.head_text.clear();
  return {.keep_alive = keep,
          .client_is_http10 = facts_.is_http10,
          .to_head = facts_.is_head,
          .added = client_->listener().hsts};
}

Transaction::Flow Transaction::send_answer(std::size_t body_bytes) {
  response_.take(&client_->stream(), worker_.head_text, nullptr, 0);
  record_.body_bytes = facts_.is_head ? 0 : body_bytes;
  return go(Step::relay);
}

}  // namespace worker
