// The section Global: tree → struct.
//
// Translates what has passed the schema; reports only what a schema cannot know.
#pragma once

#include "conf/config.h"
#include "conf/section.h"

namespace conf {

void load_global(const Section& section, Global& global);

}  // namespace conf
