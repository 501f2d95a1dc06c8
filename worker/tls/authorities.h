// The authorities that may issue client certificates, and their certificate revocation lists
// (CRLs).
//
// Used by the master, outside the jail. Reads PEM files and checks that a listed authority signed
// each CRL that bears its name. Errors and warnings go to the diagnostics, with file and reason.
#pragma once

#include <openssl/types.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "conf/config.h"
#include "conf/diagnostic.h"
#include "worker/tls/certificate.h"

namespace worker::tls {

// Of a file of authorities or CRLs, in bytes. The lists of large authorities take megabytes.
inline constexpr std::size_t kMaxAuthorityFile = 16u << 20;

struct CrlDelete {
  void operator()(X509_CRL* crl) const;
};
using CrlPointer = std::unique_ptr<X509_CRL, CrlDelete>;

struct Authorities {
  std::vector<X509Pointer> certificates;
  std::vector<CrlPointer> crls;
};

// The contents of the files CA and CRL. Nothing after an error: a file that cannot be read or
// parsed, that has no certificate (CA) or no CRL (CRL), or a CRL with a false signature. A CRL that
// is out of date is a warning.
std::optional<Authorities> load_authorities(const conf::Tls::ClientCert& wanted,
                                            conf::Diagnostics& diagnostics);

// The authorities that a backend's certificate may come from. The file of the system, which has
// more than a hundred, is read once for all backends.
class Trust {
 public:
  // Those of the system, or of the file `CA`. The caller gets a reference of its own. Null after an
  // error.
  X509_STORE* store(const conf::BackendTls& tls, conf::Diagnostics& diagnostics);

 private:
  struct Delete {
    void operator()(X509_STORE* store) const;
  };
  using StorePointer = std::unique_ptr<X509_STORE, Delete>;
  static StorePointer load(const std::string& path, const conf::Position& where,
                           conf::Diagnostics& diagnostics);

  StorePointer system_;
};

}  // namespace worker::tls
