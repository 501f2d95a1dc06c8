// The items of HTTPListeners and HTTPSListeners: tree → structs.
//
// Translates values that the schema has accepted. Opens no certificate and resolves no name.
#pragma once

#include "conf/config.h"
#include "conf/load_backend.h"
#include "conf/section.h"

namespace conf {

// Appends the HTTP listeners and then the HTTPS listeners to `config`.
void load_listeners(const Section& top, const BackendIndex& backends, Config& config,
                    Diagnostics& diagnostics);

}  // namespace conf
