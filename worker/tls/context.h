// The TLS settings of one listener: certificates by server name, ciphers, versions, tickets.
//
// The master makes it as root, outside the jail, where it reads, checks and loads everything.
// Workers inherit it by fork and do not change the settings. Owns OpenSSL's contexts.
#pragma once

#include <openssl/types.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "conf/config.h"
#include "conf/diagnostic.h"
#include "worker/tls/expiry.h"
#include "worker/tls/session_group.h"
#include "worker/tls/steps.h"

namespace shm {
class TicketKeys;
}

namespace worker::tls {

class Context final : public SessionGroup {
 public:
  // Null after an error, which `diagnostics` tell with file and place: a file that cannot be read,
  // no key, a key that matches no certificate, an encrypted key, a weak key, no usable cipher.
  // Warnings are a certificate that has expired and a cipher that OpenSSL lacks.
  static std::shared_ptr<Context> make(const conf::Tls& tls, conf::Diagnostics& diagnostics);
  // The same in steps: a certificate is loaded, or set up, in each. The last one sets `made`.
  static Steps load(const conf::Tls& tls, conf::Diagnostics& diagnostics,
                    std::shared_ptr<Context>& made);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  // Called in the worker before it serves. `keys` outlives this. Without keys no session is
  // resumed.
  void use_tickets(const shm::TicketKeys& keys);

  // When its certificates expire.
  std::shared_ptr<const CertificateDates> dates() const;

  // Frees one set of certificates. False when none is left. Then only the destructor may follow.
  bool free_step();

  SSL* new_session() override;

  // Whether the certificate that `session` has shown is valid for `host`, which has no port. A
  // request for another host gets 421.
  static bool covers(const SSL* session, std::string_view host);

 private:
  struct Impl;
  static Steps load_parts(const conf::Tls& tls, conf::Diagnostics& diagnostics,
                          std::unique_ptr<Impl>& impl);

  explicit Context(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace worker::tls
