// "Did you mean": the known name nearest to a mistyped one.
//
// Letter case does not count. Two swapped letters count as one mistake. The cost is bounded for any
// length and any number of names. Pure functions.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace conf {

// The candidate with the fewest mistakes, or the first of several. Empty when none is near.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

// "; did you mean `X`?", or empty. `mark` is put before the name: "*" for an alias.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates,
                         std::string_view mark = "");

}  // namespace conf
