// Client certificates: how a listener checks them, and the header lines that tell a backend about
// them.
//
// The master loads the authorities and their CRLs. A worker makes the lines from a session.
#pragma once

#include <openssl/types.h>

#include <optional>
#include <string>
#include <string_view>

#include "conf/config.h"
#include "conf/diagnostic.h"
#include "worker/tls/authorities.h"

namespace worker::tls {

class ClientAuth {
 public:
  // Nothing after an error of load_authorities().
  static std::optional<ClientAuth> load(const std::optional<conf::Tls::ClientCert>& wanted,
                                        conf::Diagnostics& diagnostics);

  // Makes `context` ask for client certificates as configured. False if OpenSSL fails.
  bool apply(SSL_CTX* context) const;
  // A text that differs when the check of client certificates differs. A session may be resumed
  // only under the identity that it was made under.
  std::string identity() const;

 private:
  std::optional<conf::Tls::ClientCert> wanted_;
  Authorities authorities_;
};

// "TLSv1.3" and "TLS_AES_256_GCM_SHA384": of a session that is established. Literals of OpenSSL.
std::string_view version_name(const SSL* session);
std::string_view cipher_name(const SSL* session);

// Appends complete "X-SSL-…: value\r\n" lines: Cipher and Protocol, and, if the listener asks for a
// client certificate, its Subject, Issuer, Serial and Verify.
void append_fields(const SSL* session, std::string& out);

}  // namespace worker::tls
