// The files of the status page, as the build has put them into the program.
#pragma once

#include <string>
#include <string_view>

namespace worker::serve {

std::string_view status_css();
std::string_view status_js();  // four files, one after the other

// Content-Type of the page, and its Content-Security-Policy, which permits these two by their
// digests and nothing else. Throws std::runtime_error when OpenSSL refuses to compute a digest.
std::string page_fields();

}  // namespace worker::serve
