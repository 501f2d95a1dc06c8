// Seals and opens the session tickets of TLS with the keys that all workers share.
//
// Owns this process's copy of the keys, wiped at its end. Stateless: what a client may resume is in
// its ticket, so any worker, respawned or of a later generation, can go on with it.
#pragma once

#include <openssl/types.h>

#include <cstdint>

#include "shm/ticket_keys.h"

namespace worker::tls {

class Tickets {
 public:
  Tickets() = default;
  ~Tickets();
  Tickets(const Tickets&) = delete;
  Tickets& operator=(const Tickets&) = delete;

  // From now on; `keys` outlives this. Without it no ticket is given.
  void use(const shm::TicketKeys& keys) { shared_ = &keys; }

  // What OpenSSL asks of a ticket key callback: -1 = failed, 0 = no such key (or none to seal
  // with), 1 = ready, 2 = ready, and the ticket is to be sealed anew with the newest key.
  int seal(unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac);
  int open(const unsigned char* name, const unsigned char* iv, EVP_CIPHER_CTX* cipher,
           EVP_MAC_CTX* mac);

 private:
  bool refresh();

  const shm::TicketKeys* shared_ = nullptr;
  std::uint64_t version_ = 0;
  shm::TicketKeyPair keys_{};
};

}  // namespace worker::tls
