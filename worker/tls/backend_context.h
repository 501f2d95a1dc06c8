// The TLS settings of one backend: whom Pound trusts to be it, and what Pound shows of itself.
//
// The master makes it as root, outside the jail, where it reads, checks and loads everything.
// Workers inherit it by fork. Owns OpenSSL's context and the sessions that may be resumed, which
// each worker collects for itself. A backend's sessions are never offered to another one.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "conf/config.h"
#include "conf/diagnostic.h"
#include "worker/tls/authorities.h"
#include "worker/tls/expiry.h"
#include "worker/tls/session_group.h"

namespace worker::tls {

class BackendContext final : public SessionGroup {
 public:
  // `address`: of the backend, as configured; empty if it has neither a name nor an IP address.
  // Null after an error, which `diagnostics` tell with file and place: authorities or a certificate
  // that cannot be read, no usable cipher.
  static std::shared_ptr<BackendContext> make(const conf::BackendTls& tls,
                                              const std::string& address, Trust& trust,
                                              conf::Diagnostics& diagnostics);
  ~BackendContext();

  // When the certificate that Pound shows expires; null if it shows none.
  std::shared_ptr<const CertificateDates> dates() const;

  // The client's side of one connection. It offers a session to resume, if there is one.
  SSL* new_session() override;

 private:
  struct Impl;
  explicit BackendContext(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace worker::tls
