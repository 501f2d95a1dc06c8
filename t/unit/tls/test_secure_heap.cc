// Tests of tls/secure_heap: its size, and keys that have no room in it.
#include <doctest/doctest.h>
#include <openssl/crypto.h>

#include "t/unit/tls/harness.h"
#include "worker/tls/secure_heap.h"

using namespace tls_test;

TEST_CASE("secure heap: twice the files and the room of handshakes, a power of two") {
  using worker::tls::secure_heap_size;
  constexpr std::size_t kMiB = 1u << 20;
  CHECK(secure_heap_size(0) == 4 * kMiB);
  CHECK(secure_heap_size(kMiB) == 4 * kMiB);
  CHECK(secure_heap_size(kMiB + 1) == 8 * kMiB);
  CHECK(secure_heap_size(15 * kMiB) == 32 * kMiB);
  CHECK(secure_heap_size(511 * kMiB) == 1024 * kMiB);
  CHECK(secure_heap_size(511 * kMiB + 1) == 1024 * kMiB);
  CHECK(secure_heap_size(~std::size_t{0}) == 1024 * kMiB);
  // The keys of 2 600 files of 3 272 bytes and more, over two generations.
  CHECK(secure_heap_size(2600 * 3272) >= 2 * 2600 * 1792 + worker::tls::kRoomForHandshakes);
}

TEST_CASE("secure heap: when handshakes need the rest, RSA keys go to ordinary memory and work") {
  const auto context = some_context();  // makes the heap, of 4 MiB, if no test before has
  REQUIRE(CRYPTO_secure_malloc_initialized() == 1);
  const worker::tls::KeyPointer rsa = make_rsa_key(2048);
  const worker::tls::KeyPointer ec = make_ec_key();
  const std::string site =
      pem(make_certificate(rsa.get(), {.san = "DNS:a.test"}).get()) + pem(rsa.get());
  const std::string other =
      pem(make_certificate(ec.get(), {.san = "DNS:b.test"}).get()) + pem(ec.get());
  std::vector<worker::tls::Certificate> made;
  conf::Diagnostics diagnostics;
  worker::tls::read_certificates({site, "a", {}}, nullptr, worker::tls::ShownTo::clients, made,
                                 diagnostics);
  REQUIRE(made.size() == 1);
  CHECK(made[0].is_key_in_heap);

  constexpr std::size_t kBig = 2u << 20;
  void* const big = OPENSSL_secure_malloc(kBig);
  REQUIRE(big != nullptr);
  const std::size_t used = CRYPTO_secure_used();
  worker::tls::read_certificates({site, "a", {}}, nullptr, worker::tls::ShownTo::clients, made,
                                 diagnostics);
  CHECK(CRYPTO_secure_used() == used);
  worker::tls::read_certificates({other, "b", {}}, nullptr, worker::tls::ShownTo::clients, made,
                                 diagnostics);
  CHECK(CRYPTO_secure_used() > used);
  REQUIRE(made.size() == 3);
  CHECK_FALSE(made[1].is_key_in_heap);
  CHECK(made[2].is_key_in_heap);
  CHECK(EVP_PKEY_eq(made[0].key.get(), made[1].key.get()) == 1);

  const Folder folder;
  conf::Tls tls;
  tls.certificates = {{.path = folder.write("a.pem", site), .where = {}}};
  const auto full = make_context(tls, diagnostics);
  REQUIRE(full);
  REQUIRE(diagnostics.all().size() == 1);
  CHECK(diagnostics.all()[0].severity == conf::Severity::warning);
  CHECK(diagnostics.all()[0].message ==
        "the memory that Pound locked at its start is full; until a restart, some private keys of "
        "this listener (1 of 1) may be swapped out");
  Pair pair(*full);
  CHECK(pair.shake_hands("a.test"));
  OPENSSL_secure_free(big);
}
