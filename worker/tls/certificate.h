// Certificates with their chains and keys, read from PEM files and checked.
//
// Used by the master, outside the jail. Wipes the text of a file as soon as it is parsed. Private
// keys are in the memory of secure_heap.h. Errors and warnings go to the
// diagnostics, with file and reason.
#pragma once

#include <openssl/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "conf/config.h"
#include "conf/diagnostic.h"
#include "worker/tls/expiry.h"
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
  bool is_key_in_heap = true;      // secure_heap.h
  std::vector<std::string> names;  // from SAN, or else CN; lower case; wildcards begin with "*."
  std::string path;
  conf::Position where;
  std::int64_t not_after_s = 0;  // expiry.h
  Expiry told = Expiry::far;     // the warning that the diagnostics have got
};

// Their dates, as the log and the status show them.
CertificateDates dates_of(const std::vector<Certificate>& certificates);

// Loads the configured certificates, in their order. A path is a PEM file, a folder (all its *.pem,
// by name) or a pattern with * ? [. A certificate that cannot be used is an error; one that those
// whom Pound shows it to will refuse is a warning. One step for each file.
Steps load_certificates(const std::vector<conf::Tls::Certificate>& entries, ShownTo whom,
                        std::vector<Certificate>& certificates, conf::Diagnostics& diagnostics);

// The text of a file, and what names it in diagnostics.
struct PemText {
  std::string_view text;
  std::string path;
  conf::Position where;
};

// Appends the certificates of `file` to `out`. The keys are those of `key_file`, or of `file`
// itself if there is no `key_file`.
void read_certificates(const PemText& file, const PemText* key_file, ShownTo whom,
                       std::vector<Certificate>& out, conf::Diagnostics& diagnostics);

// Whether `name`, written as in Certificate::names, is valid for `host`. By RFC 6125 letter case
// does not matter and "*." stands for exactly one label.
bool name_covers(std::string_view name, std::string_view host);

// Describes OpenSSL's latest error and empties its error queue.
std::string error_text();

}  // namespace worker::tls
