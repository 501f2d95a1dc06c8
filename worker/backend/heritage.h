// The part of a worker's heritage that describes one backend: plain data, made by prepare().
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "shm/backend_addresses.h"
#include "shm/ids.h"
#include "worker/http/response_head.h"
#include "worker/net/address.h"
#include "worker/tls/expiry.h"

namespace worker::tls {
class BackendContext;
}

namespace worker::backend {

struct BackendHeritage {
  std::vector<net::SocketAddress> addresses;  // empty when the name did not resolve
  std::string resolve_error;                  // why the name did not resolve; empty when it did
  std::string head_add;                       // complete "Name: value\r\n" lines
  http::ResponseRules response_rules;
  std::shared_ptr<tls::BackendContext> tls;  // for TLS
  // When the certificate that Pound shows to it expires; null: it shows none.
  std::shared_ptr<const tls::CertificateDates> certificates;
  // Where the master publishes other addresses that it finds later; the master sets it.
  const shm::BackendAddresses* published = nullptr;
  std::uint32_t row = 0;  // of shm::BackendTable; the master sets it
  shm::BackendId id = 0;  // the master sets it
};

}  // namespace worker::backend
