// Keys at a place where Pound has none of that name, and what does the same there.
//
// Most are words of Pound 2 and 3.0. A table; pure functions.
#pragma once

#include <string>
#include <string_view>

#include "conf/schema.h"

namespace conf {

struct OldWord {
  std::string_view key;  // the known key with the same values; empty: its values differ
  std::string_view
      advice;  // what to do; a text in back quotes after "write" can stand at the place
};

// Null when nothing is known about such a key in this mapping.
const OldWord* find_old_word(const Schema& schema, std::string_view name);

}  // namespace conf
