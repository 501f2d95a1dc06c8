// The keys Balance, HashKey and Emergency of a service: which backend gets a request.
//
// Reports keys that do not go together. Finds no backends: ServiceLoader does.
#pragma once

#include "conf/config.h"
#include "conf/section.h"

namespace conf {

// `section` is the service. `service` has its backends and those of Emergency already.
void load_balance(const Section& section, Service& service, Diagnostics& diagnostics);

}  // namespace conf
