// Text as a string of JSON (RFC 8259 7).
#pragma once

#include <string>
#include <string_view>

namespace shm {

// Appends `text` in quotation marks. Control bytes become \u00NN. A byte that is not part of valid
// UTF-8 becomes U+FFFD, so that the whole remains a text of JSON whatever a client has sent.
void append_json_string(std::string& out, std::string_view text);

}  // namespace shm
