// Certificates of clients: who may have signed them, and what a backend is told about them.
//
// By the master: reads and checks the file of authorities. In the worker: text out of a session.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "conf/config.h"
#include "conf/diagnostic.h"
#include "worker/tls/certificate.h"

namespace worker::tls {

class ClientAuth {
 public:
  // Nothing after an error: a file that cannot be read, or that has no certificate in it.
  static std::optional<ClientAuth> load(const std::optional<conf::Tls::ClientCert>& wanted,
                                        conf::Diagnostics& diagnostics);

  bool apply(SSL_CTX* context) const;
  // What a resumed session must have in common with the one that its client was checked for.
  std::string identity() const;

 private:
  std::optional<conf::Tls::ClientCert> wanted_;
  std::vector<X509Pointer> authorities_;
};

// Appends ready "X-SSL-…: value\r\n" lines: Cipher and Protocol, and of a client's certificate
// Subject, Issuer, Serial and Verify, where one was asked for.
void append_fields(const SSL* session, std::string& out);

}  // namespace worker::tls
