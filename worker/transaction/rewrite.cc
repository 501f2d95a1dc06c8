// URLs in fields that name a server as the other side knows it: see transaction.h.
#include "conf/address.h"
#include "worker/http/chars.h"
#include "worker/http/rewrite_url.h"
#include "worker/http/uri.h"
#include "worker/transaction/transaction.h"

namespace worker::transaction {

// Keeps what the client has asked until the response comes. A Destination gets the authority that
// the backend gets as Host.
void Transaction::note_asked() {
  const conf::Listener& listener = now_.listener->config;
  asked_authority_.clear();
  if (http::valid_authority(now_.asked_host)) asked_authority_ = now_.asked_host;
  if (!listener.rewrite_destination) return;
  const std::string_view host = now_.facts.host;
  if (!http::valid_authority(host)) return;
  now_.destination_at =
      http::aim_destination(request_head_, {now_.is_https, asked_authority_}, host);
}

void Transaction::rewrite_destination() {
  const bool https = now_.backend->config.tls.has_value();
  http::set_destination_scheme(request_head_, now_.destination_at, https);
}

// `values` owns the new values, and has to outlive the use of the response head.
void Transaction::rewrite_locations(std::vector<std::string>& values) {
  http::HeaderList& fields = context_.response_head.fields;
  const http::AskedServer asked{now_.is_https, asked_authority_};
  const bool fixes_scheme = now_.listener->config.rewrite_location == 1;
  std::vector<std::string> backend;
  std::size_t index = 0;
  for (const http::Field& field : fields) {
    const std::size_t at = index++;
    const bool is_location = http::equal_ignoring_case(field.name, "Location") ||
                             http::equal_ignoring_case(field.name, "Content-Location");
    if (!is_location) continue;
    if (backend.empty()) {
      const conf::Backend& config = now_.backend->config;
      backend.push_back(conf::host_port(config.address, config.port));
      for (const net::SocketAddress& one : now_.backend->addresses()) {
        backend.push_back(net::host_port_text(one));
      }
      values.reserve(fields.size());  // no value moves when another one comes
    }
    auto value = http::location_for_client(field.value, asked, backend, fixes_scheme);
    if (!value) continue;
    values.push_back(std::move(*value));
    fields.set_value(at, values.back());
  }
}

}  // namespace worker::transaction
