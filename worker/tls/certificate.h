// Certificates with their chains and keys, read from PEM files and checked.
//
// Used by the master, outside the jail. Wipes the text of a file as soon as it is parsed. Private
// keys live in OpenSSL's secure heap if the system grants one. Errors and warnings go to the
// diagnostics, with file and reason.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "conf/config.h"
#include "conf/diagnostic.h"
#include "worker/tls/steps.h"

namespace worker::tls {

struct Delete {
  void operator()(X509* certificate) const;
  void operator()(EVP_PKEY* key) const;
};
using X509Pointer = std::unique_ptr<X509, Delete>;
using KeyPointer = std::unique_ptr<EVP_PKEY, Delete>;

struct Certificate {
  X509Pointer leaf;
  std::vector<X509Pointer> chain;  // from the leaf's issuer upwards, without the root
  KeyPointer key;
  std::vector<std::string> names;  // from SAN, or else CN; lower case; wildcards begin with "*."
  std::string path;
  conf::Position where;
};

// Loads the configured certificates, in their order. A path is a PEM file, a folder (all its *.pem,
// by name) or a pattern with * ? [. A certificate that cannot be used is an error; one that clients
// will refuse is a warning. One step for each file.
Steps load_certificates(const std::vector<conf::Tls::Certificate>& files,
                        std::vector<Certificate>& certificates, conf::Diagnostics& diagnostics);

// Appends the certificates of one PEM text to `out`. `path` names the text in diagnostics.
void read_certificates(std::string_view pem, const std::string& path, const conf::Position& where,
                       std::vector<Certificate>& out, conf::Diagnostics& diagnostics);

// Whether `name`, written as in Certificate::names, is valid for `host`. By RFC 6125 letter case
// does not matter and "*." stands for exactly one label.
bool name_covers(std::string_view name, std::string_view host);

// Describes OpenSSL's latest error and empties its error queue.
std::string error_text();

}  // namespace worker::tls
