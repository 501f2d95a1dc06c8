// Certificates with their chains and keys, read from PEM files and checked.
//
// By the master, outside the jail. Owns what it has parsed; what it read is wiped at once, and the
// private keys live in OpenSSL's secure heap where the system grants one.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "conf/config.h"
#include "conf/diagnostic.h"

namespace worker::tls {

struct Delete {
  void operator()(X509* certificate) const;
  void operator()(EVP_PKEY* key) const;
};
using X509Pointer = std::unique_ptr<X509, Delete>;
using KeyPointer = std::unique_ptr<EVP_PKEY, Delete>;

struct Certificate {
  X509Pointer leaf;
  std::vector<X509Pointer> chain;  // from the leaf's issuer on, without the root
  KeyPointer key;
  std::vector<std::string> names;  // of SAN, else CN; small letters; "*." in front of wildcards
  std::string path;
  conf::Position where;
};

// Makes the files of a configuration into certificates, in their order: a path is a PEM file, a
// folder (all its *.pem, by name) or a pattern with * ? [. What is wrong is said with file and
// reason: an error for what cannot serve, a warning for what clients will not like.
std::vector<Certificate> load_certificates(const std::vector<conf::Tls::Certificate>& files,
                                           conf::Diagnostics& diagnostics);

// The certificates in one text; `path` is for what is said.
void read_certificates(std::string_view pem, const std::string& path, const conf::Position& where,
                       std::vector<Certificate>& out, conf::Diagnostics& diagnostics);

// RFC 6125: letter case does not matter, "*." stands for exactly one label. `name` as in `names`.
bool name_covers(std::string_view name, std::string_view host);

// The reason of OpenSSL's latest error, in words; empties its queue.
std::string error_text();

}  // namespace worker::tls
