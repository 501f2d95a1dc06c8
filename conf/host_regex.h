// Regular expressions that stand for a few hosts, as they are found in old configurations.
//
// Reads an expression only if it is made of plain parts: letters, digits, dots, groups and
// alternatives. A bare dot is taken for the dot that was meant. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace conf {

// What the key `Host` would say in place of an expression.
struct MeantHosts {
  std::vector<std::string> names;  // valid items of Host; at most eight
  bool maybe_below = false;        // perhaps the names below them are meant, too
};

// Removes the `$` at the end of an expression, unless it is an escaped dollar sign.
bool take_end_anchor(std::string_view& text);

// `text` is what an expression asks of a host, without `^`, `$` and `Host:`. Nothing when it is
// more than a few names.
std::optional<MeantHosts> hosts_meant_by(std::string_view text);

// What to write: "write `Host: www.example.com`". Each text in back quotes is a line of a service.
std::string host_advice(const MeantHosts& meant);

}  // namespace conf
