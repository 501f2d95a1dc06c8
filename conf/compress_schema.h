// The tables of the key Compress: see schema.h.
#pragma once

#include "conf/schema.h"

namespace conf {

extern const Schema kCompressSchema;
extern const Schema kCompressLevelSchema;  // a row for each coding, in the order of the enum

}  // namespace conf
