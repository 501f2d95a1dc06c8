// Finds the end of a run of field-value bytes: the one loop that sees most of a head.
//
// Pure. Two versions with the same result: sixteen bytes at a time where the processor has SSE2,
// and byte by byte elsewhere; the tests hold them against each other.
#pragma once

namespace worker::http {

// The first byte in [p, end) that may not stand in a field value, or end.
const char* skip_value(const char* p, const char* end);
const char* skip_value_portably(const char* p, const char* end);

}  // namespace worker::http
