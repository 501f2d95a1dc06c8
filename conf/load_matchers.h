// Host, Path, Methods, Query, Header and Not of a service: tree → Matchers.
#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "conf/matchers.h"
#include "conf/section.h"

namespace conf {

// Compiles the expression at a node and reports what is wrong with it; `key` is for the message.
using CompilePattern = std::function<std::optional<Pattern>(const Node& node, std::string_view key,
                                                            Pattern::Case letter_case)>;

// Those of the section itself: of a service, or of an item of Not.
Matchers load_matchers(const Section& section, const CompilePattern& compile,
                       Diagnostics& diagnostics);

// The items of Not.
std::vector<Matchers> load_nots(const Section& service, const CompilePattern& compile,
                                Diagnostics& diagnostics);

}  // namespace conf
