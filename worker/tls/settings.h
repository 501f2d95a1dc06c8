// What the contexts of listeners and of backends have in common: versions and ciphers, and how a
// certificate is put in place.
#pragma once

#include "conf/config.h"
#include "conf/diagnostic.h"
#include "worker/tls/certificate.h"
#include "worker/tls/ciphers.h"

namespace worker::tls {

// The ciphers of these names. A warning at each name that cannot be used, and at the first one of
// each cipher expression. Errors in their place when no cipher is left; then `suites_1_3` is empty.
Ciphers usable_ciphers(const std::vector<conf::CipherName>& wanted, conf::Diagnostics& diagnostics);

// Sets the security level, the modes of writing, the versions from `least` on and the ciphers.
// False if OpenSSL fails.
bool set_protocol(SSL_CTX* context, conf::Tls::Version least, const Ciphers& ciphers);

// The certificate with its key and chain. False if OpenSSL fails.
bool set_certificate(SSL_CTX* context, const Certificate& certificate);

}  // namespace worker::tls
