// What the TLS of one listener is made of: certificates by server name, ciphers, versions, tickets.
//
// Made by prepare(), outside the jail and as root: everything is read, checked and loaded there.
// Workers inherit it by fork and only use it. Owns the contexts of OpenSSL and the scratch that
// all sessions of the listener share.
#pragma once

#include <openssl/types.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "conf/config.h"
#include "conf/diagnostic.h"

namespace shm {
class TicketKeys;
}

namespace worker::tls {

// Room that a session needs only while it is called.
struct Scratch {
  std::string output;                // records on their way to the socket
  std::unique_ptr<char[]> gathered;  // small pieces that go into one record, kTlsRecord bytes
};

class Context {
 public:
  // Nothing, and the reasons with file and place among `diagnostics`, when an error was found:
  // a file that cannot be read, no key, a key that fits no certificate, an encrypted key, a weak
  // key, no cipher left. Warnings: expired, a cipher that this OpenSSL lacks.
  static std::shared_ptr<Context> make(const conf::Tls& tls, conf::Diagnostics& diagnostics);
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  // In the worker, before it serves. Without keys sessions are not resumed.
  void use_tickets(const shm::TicketKeys& keys);

  // A server's side of one connection, without a transport yet; owned by the caller. Null when
  // there is no memory for it.
  SSL* new_session() const;
  // Of all its sessions (session.h).
  BIO* transport() const;
  Scratch& scratch();

  // Whether the certificate that was served on `session` is valid for `host` (no port), for 421.
  static bool covers(const SSL* session, std::string_view host);

 private:
  static std::shared_ptr<Context> load(const conf::Tls& tls, conf::Diagnostics& diagnostics);

  struct Impl;
  explicit Context(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace worker::tls
