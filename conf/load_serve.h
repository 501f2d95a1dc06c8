// The key Serve of a service: what Pound answers itself.
#pragma once

#include "conf/config.h"
#include "conf/diagnostic.h"
#include "conf/section.h"

namespace conf {

// Fills `serve` and `serve_where`. Keys about backends and clients' sessions are refused beside it.
void load_serve(const Section& section, Service& service, Diagnostics& diagnostics);

}  // namespace conf
