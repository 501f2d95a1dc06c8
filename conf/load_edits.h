// The keys Request and Reply of a listener, a service or a backend: tree → structs.
#pragma once

#include "conf/diagnostic.h"
#include "conf/edits.h"
#include "conf/section.h"

namespace conf {

// Reports names that are no tokens or given twice, values with control bytes, and unknown
// variables. What the fields mean is not known here.
Edits load_edits(const Section& owner, Diagnostics& diagnostics);

}  // namespace conf
