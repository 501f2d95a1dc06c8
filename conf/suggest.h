// "Did you mean": the known name that is nearest to a mistyped one.
//
// Letter case does not count; two letters that changed places count as one mistake. The cost is
// bounded however long the names are and however many there are. Pure functions.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace conf {

// The candidate with the fewest mistakes, the first of several; empty when none is near.
std::string_view nearest(std::string_view word, std::span<const std::string_view> candidates);

// "; did you mean `X`?" or nothing. `mark` stands before the name: "*" for an alias.
std::string did_you_mean(std::string_view word, std::span<const std::string_view> candidates,
                         std::string_view mark = "");

}  // namespace conf
