// Tables of the mappings Respond and Maintenance, and the row of ErrNNN. For schema.cc alone:
// schema.h is the way to them.
#pragma once

#include "conf/schema.h"

namespace conf {

inline constexpr Key kErrorPages{.name = "ErrNNN",
                                 .shape = Shape::text,
                                 .noun = "the path of an HTML file",
                                 .low = 1,
                                 .high = kMaxPath,
                                 .family_low = 400,
                                 .family_high = 599};

extern const Schema kRespond;
extern const Schema kMaintenance;

}  // namespace conf
