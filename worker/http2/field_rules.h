// What RFC 9113 8.2.1 asks of every field, in heads and in trailers. Pure.
//
// The caller has appended the field to a text as a line, "name: value\r\n", in which the views and
// the offsets lie. A text of lines is what a log can show an excerpt of, and what http1_writer.h
// copies in one piece. Pound never parses it.
#pragma once

#include <string>
#include <string_view>

#include "worker/http/header_list.h"
#include "worker/http/verdict.h"

namespace worker::http2 {

// The most that a line has besides its name and value.
inline constexpr std::size_t kLineOverhead = 4;

struct Line {
  std::string_view name;
  std::string_view value;
};

// Appends "name: value\r\n" and returns the views into `text`, which must have room for it.
Line append_line(std::string& text, std::string_view name, std::string_view value);

// The value has no control characters, and no white space around it.
http::Refusal judge_value(std::string_view text, std::string_view value);

// The name is a token in lower case, and the value is good. On success fills `field`.
http::Refusal judge_line(std::string_view text, const Line& line, http::Field& field);

// A field that speaks about a connection of HTTP/1, or TE other than `trailers`: RFC 9113 8.2.2.
// Returns `none` for all others.
http::Reason judge_hop(const http::Field& field);

}  // namespace worker::http2
