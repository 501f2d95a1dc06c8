// Keys of a mapping that exclude others.
#pragma once

#include <initializer_list>
#include <string_view>

#include "conf/diagnostic.h"
#include "conf/section.h"

namespace conf {

// Reports each of `others` that the service has beside `key`, which it has.
void refuse_beside(const Section& service, std::string_view key,
                   std::initializer_list<std::string_view> others, Diagnostics& diagnostics);

}  // namespace conf
