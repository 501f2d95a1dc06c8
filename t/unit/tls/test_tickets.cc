#include <doctest/doctest.h>
#include <openssl/evp.h>

#include <cstring>
#include <memory>

#include "shm/segment.h"
#include "worker/tls/tickets.h"

namespace {

// The parameters that OpenSSL passes for one ticket.
struct Ticket {
  unsigned char name[16]{};
  unsigned char iv[16]{};
  EVP_CIPHER_CTX* cipher = EVP_CIPHER_CTX_new();
  EVP_MAC* kind = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  EVP_MAC_CTX* mac = EVP_MAC_CTX_new(kind);
  ~Ticket() {
    EVP_CIPHER_CTX_free(cipher);
    EVP_MAC_CTX_free(mac);
    EVP_MAC_free(kind);
  }
};

shm::TicketKey key_of(std::uint8_t byte) {
  shm::TicketKey key;
  key.name.fill(byte);
  key.cipher.fill(byte);
  key.mac.fill(byte);
  return key;
}

}  // namespace

TEST_CASE("tickets: without keys none is sealed or opened") {
  Ticket ticket;
  worker::tls::Tickets tickets;
  CHECK(tickets.seal(ticket.name, ticket.iv, ticket.cipher, ticket.mac) == 0);
  CHECK(tickets.open(ticket.name, ticket.iv, ticket.cipher, ticket.mac) == 0);
  shm::Segment segment(1);
  tickets.use(segment.ticket_keys());
  CHECK(tickets.seal(ticket.name, ticket.iv, ticket.cipher, ticket.mac) == 0);
}

TEST_CASE("tickets: any process opens them; one rotation renews them, two invalidate them") {
  shm::Segment segment(1);
  segment.ticket_keys().rotate(key_of(1));
  worker::tls::Tickets sealer;
  worker::tls::Tickets opener;
  sealer.use(segment.ticket_keys());
  opener.use(segment.ticket_keys());
  Ticket ticket;
  const unsigned char zero[16]{};
  REQUIRE(sealer.seal(ticket.name, ticket.iv, ticket.cipher, ticket.mac) == 1);
  CHECK(ticket.name[0] == 1);
  CHECK(std::memcmp(ticket.iv, zero, sizeof zero) != 0);
  CHECK(opener.open(ticket.name, ticket.iv, ticket.cipher, ticket.mac) == 1);
  segment.ticket_keys().rotate(key_of(2));
  CHECK(opener.open(ticket.name, ticket.iv, ticket.cipher, ticket.mac) == 2);
  segment.ticket_keys().rotate(key_of(3));
  CHECK(opener.open(ticket.name, ticket.iv, ticket.cipher, ticket.mac) == 0);
}
