// What a worker inherits for the session store. prepare() fills it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "worker/net/address.h"
#include "worker/tls/expiry.h"

namespace worker::tls {
class BackendContext;
}

namespace worker::store {

struct Heritage {
  // Of all its Address, in their order; empty when there is no store, or when no name resolves.
  std::vector<net::SocketAddress> servers;
  std::string password;                      // empty: none
  std::shared_ptr<tls::BackendContext> tls;  // null: plain TCP
  // Of the certificate that Pound shows to the store; null: none.
  std::shared_ptr<const tls::CertificateDates> certificates;
};

}  // namespace worker::store
