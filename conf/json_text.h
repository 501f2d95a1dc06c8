// A JSON text, made of its parts.
//
// For texts that are made once, such as the JSON Schema. The members of an object stay in their
// order. Values are JSON texts themselves.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace conf::json {

using Members = std::vector<std::pair<std::string, std::string>>;

// A text in quotes. Its bytes must be UTF-8.
std::string text(std::string_view value);
std::string number(std::int64_t value);
std::string array(std::span<const std::string> items);
std::string object(const Members& members);

// The same JSON with two blanks of indentation, and a newline at its end.
std::string indented(std::string_view compact);

}  // namespace conf::json
