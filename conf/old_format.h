// Whether a text that is no pound.yaml is a configuration of Pound 2.x, so that the message can say
// so.
//
// A pure function. To be asked only about a text that is not valid: a text in a valid pound.yaml
// may contain such lines.
#pragma once

#include <cstddef>
#include <string_view>

namespace conf {

// The first line that begins a listener, service or backend as Pound 2.x does, if a line ends one,
// too. Lines count from 1; 0 means that this is another format.
std::size_t line_of_old_format(std::string_view text);

}  // namespace conf
