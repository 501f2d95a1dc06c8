// What a client's first message says, before OpenSSL has judged it: the server name, and the
// certificates that the client can verify. Also the choice of the application protocol (ALPN).
//
// Reads the message from OpenSSL's session and owns nothing. A malformed extension counts as
// absent; OpenSSL refuses it later.
#pragma once

#include <openssl/types.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "conf/config.h"

namespace worker::tls {

// The signatures that a key can make in a handshake, as the client names them.
struct KeyUse {
  enum class Algorithm : std::uint8_t { rsa, rsa_pss, ecdsa, ed25519, ed448, other };

  static KeyUse of(const EVP_PKEY* key);

  Algorithm algorithm;
  // Of ecdsa: the one scheme of TLS 1.3 for the key's curve; 0 when TLS 1.3 has none.
  std::uint16_t scheme_1_3 = 0;
};

// The host_name of the server_name extension (RFC 6066 section 3); empty if absent or malformed.
// Only for a callback of SSL_CTX_set_client_hello_cb, as is the next function.
std::string_view server_name(SSL* session);

// Whether the client of `session` can do a handshake with `key`: by the signature schemes that it
// lists and, if it does not speak TLS 1.3, also by a cipher that it shares with `session`.
bool can_verify(SSL* session, const KeyUse& key);

// The names of ALPN that a listener speaks, in the order of preference.
using ProtocolNames = std::vector<std::string_view>;
ProtocolNames protocol_names(const std::vector<conf::Protocol>& protocols);

// A callback for SSL_CTX_set_alpn_select_cb. `names` is a ProtocolNames. If the client offers none
// of them, the handshake goes on without a protocol: the alert of RFC 7301 section 3.2 would shut
// out clients that offer others only, though most of them speak HTTP/1.1 when nothing is selected.
int choose_protocol(SSL* session, const unsigned char** out, unsigned char* out_size,
                    const unsigned char* offered, unsigned size, void* names);

}  // namespace worker::tls
