// The tables of the key Compress: see schema.h.
#pragma once

#include "conf/schema.h"

namespace conf {

const Schema& compress_schema();
// Level, as a mapping: a row for each coding, in the order of the enum.
const Schema& compress_level_schema();

}  // namespace conf
