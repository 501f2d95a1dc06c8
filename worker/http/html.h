// Text as a part of HTML.
#pragma once

#include <string>
#include <string_view>

namespace worker::http {

// Appends `text`, with the five characters that mean something in HTML as references.
void append_html(std::string_view text, std::string& out);

}  // namespace worker::http
