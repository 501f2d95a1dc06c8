// What a text must be before a YAML parser may see it: UTF-8, printable, one kind of line ends.
//
// Says in our words, with the place in bytes, what libyaml would say in its own; and refuses what
// would cost it more than linear time.
#pragma once

#include <memory>
#include <string_view>

#include "conf/diagnostic.h"

namespace conf {

// `text` without the UTF-8 byte order mark that some editors put before it.
std::string_view without_byte_order_mark(std::string_view text);

// False when an error was added; it is one at most.
bool check_source(const std::shared_ptr<const SourceFile>& file, Diagnostics& diagnostics);

}  // namespace conf
