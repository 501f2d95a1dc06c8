// The value of `priority` and of PRIORITY_UPDATE: RFC 9218 section 4. Pure.
#pragma once

#include <string_view>

namespace worker::http2 {

inline constexpr int kDefaultUrgency = 3;
inline constexpr int kLowestUrgency = 7;  // 0 is the highest

// Reads a dictionary of RFC 8941 for `u`, an integer from 0 to 7, and `i`, a boolean. Both get
// their defaults, 3 and false, where they are absent or of another kind, or when the value as a
// whole is malformed; then returns false.
bool parse_priority_field(std::string_view value, int& urgency, bool& incremental);

}  // namespace worker::http2
