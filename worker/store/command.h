// Commands to a store in the protocol of Redis (RESP), made by hiredis' formatter.
#pragma once

#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace worker::store {

// Appends one command. Its words may hold any bytes. Throws std::bad_alloc.
void append_command(std::string& out, std::span<const std::string_view> words);
inline void append_command(std::string& out, std::initializer_list<std::string_view> words) {
  append_command(out, std::span(words.begin(), words.size()));
}

}  // namespace worker::store
