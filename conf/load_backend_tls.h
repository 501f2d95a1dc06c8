// `TLS` of a backend.
//
// Errors go to the diagnostics.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "conf/config.h"
#include "conf/section.h"

namespace conf {

// Nothing when the backend has no TLS. `backend`: its section.
std::optional<BackendTls> load_backend_tls(const Section& backend, Diagnostics& diagnostics);

// The names in `Ciphers` of any section.
std::vector<CipherName> load_ciphers(const Section& section);

}  // namespace conf
