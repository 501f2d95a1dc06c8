// The checks of a text before the YAML parser sees it: UTF-8, printable, one kind of line ends.
//
// Reports in Pound's words, with a position in bytes, what libyaml would report in its own. Refuses
// texts for which libyaml needs more than linear time.
#pragma once

#include <memory>
#include <string_view>

#include "conf/diagnostic.h"

namespace conf {

// `text` without the UTF-8 byte order mark that some editors put before it.
std::string_view without_byte_order_mark(std::string_view text);

// False when it added an error; it adds at most one.
bool check_source(const std::shared_ptr<const SourceFile>& file, Diagnostics& diagnostics);

}  // namespace conf
