// The keys ErrNNN and Maintenance: tree → structs.
#pragma once

#include <optional>

#include "conf/pages.h"
#include "conf/section.h"

namespace conf {

// Of Global, a listener or a service.
ErrorPageFiles load_error_pages(const Section& section);

// Of a service. Nothing when the key is absent or its value was reported.
std::optional<Maintenance> load_maintenance(const Section& service, Diagnostics& diagnostics);

}  // namespace conf
