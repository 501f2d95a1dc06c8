// Seals and opens TLS session tickets with the keys that all workers share.
//
// Owns this process's copy of the keys and wipes it at the end. Keeps no sessions: a ticket holds
// everything that resumption needs, so any worker can resume it, also a later one.
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

  // `keys` outlives this. Without keys no ticket is issued.
  void use(const shm::TicketKeys& keys) { shared_ = &keys; }

  // Both prepare the cipher and the MAC for one ticket and return what OpenSSL expects of a ticket
  // key callback: -1 = failed; 0 = no such key, or none to seal with; 1 = ready; 2 = ready, and the
  // client needs a new ticket, sealed with the newest key.
  int seal(unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* mac);
  int open(const unsigned char* name, const unsigned char* iv, EVP_CIPHER_CTX* cipher,
           EVP_MAC_CTX* mac);

 private:
  bool refresh();

  const shm::TicketKeys* shared_ = nullptr;
  std::uint64_t version_ = 0;
  shm::TicketKeySet keys_{};
};

}  // namespace worker::tls
