// The certificates and private keys in the text of a PEM file.
//
// Checks nothing that another part of the file decides: not that there is a key, nor whose it is.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "worker/tls/certificate.h"
#include "worker/tls/secure_heap.h"

namespace worker::tls {

struct PemContents {
  std::vector<X509Pointer> certificates;  // in the order of the file
  std::vector<PrivateKey> keys;           // likewise
  std::string error;                      // why the file cannot be used; empty if it can
};

// Other blocks, such as DH parameters, are ignored.
PemContents parse_pem(std::string_view pem);

// Whether the text has a private key in it, usable or not.
bool has_private_key(std::string_view pem);

}  // namespace worker::tls
