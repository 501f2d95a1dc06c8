// Names of hosts in other scripts: "bücher.example" is "xn--bcher-kva.example" on the wire.
//
// The only user of libidn2 (idn.cc): the mapping of letters is a table of Unicode (UTS #46).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace conf {

// The name in lower-case ASCII, with A-labels (RFC 5890 2.3.2.1). `name` is UTF-8. Nothing, and the
// reason in `error`, when it has no such form.
std::optional<std::string> to_ascii_host(std::string_view name, std::string& error);

}  // namespace conf
