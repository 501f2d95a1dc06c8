// A client whose TLS handshake fails, and that so never comes to a request: see
// http1_connection.h.
#include <cerrno>

#include "worker/client/connection_record.h"
#include "worker/client/context.h"
#include "worker/client/http1_connection.h"
#include "worker/http/http1_writer.h"

namespace worker::client {

namespace {

// For a client that speaks plain HTTP on a TLS port.
constexpr http::Answer kPlainHttpAnswer{
    .status = 400,
    .content_type = "text/plain; charset=utf-8",
    .page = "This port speaks HTTPS, and this request came in plain HTTP.\n"};

}  // namespace

// One access record, and the details at detail 1.
void Http1Connection::record_handshake(int status, std::string_view reason,
                                       std::string_view details, std::size_t body_bytes) {
  write_connection_record(
      context_, listener_,
      {.client_ip = ip_, .status = status, .reason = reason, .body_bytes = body_bytes});
  if (context_.log.detail() < 1) return;
  context_.log.write(log::Severity::info, "listener " + listener_.name + ": TLS handshake with " +
                                              ip_ + " failed: " + std::string(details));
}

// The client reads what we have to say, an alert or a page, before the end. A client that never
// sent a byte, such as a port scanner, leaves no record.
void Http1Connection::handshake_failed(int error) {
  net::Stream& stream = endpoint_.stream();
  const tls::Session& tls = *stream.tls();
  const bool is_plain_http = tls.met_plain_http();
  if (is_plain_http) {
    record_handshake(400, "plain_http", tls.failure(), kPlainHttpAnswer.page.size());
  } else if (!tls.failure().empty()) {
    const bool is_refused = error == EPROTO;  // by either side, and not just left
    record_handshake(is_refused ? 400 : log::kStatusClientGone,
                     is_refused ? "tls_handshake" : "tls_closed", tls.failure());
  }
  stream.drop_tls();
  if (is_plain_http) {
    context_.text.clear();
    http::write_answer(kPlainHttpAnswer, {.date = context_.date()}, context_.text);
    const iovec piece{context_.text.data(), context_.text.size()};
    stream.write(&piece, 1);
  }
  endpoint_.mark_readable();
  linger();
}

void Http1Connection::handshake_timed_out() {
  const tls::Session* const tls = endpoint_.stream().tls();
  if (tls != nullptr && tls->handshaking()) {
    record_handshake(408, "tls_timeout", "not completed in time");
  }
}

}  // namespace worker::client
