// Reads the cases of t/unit/data/{h2_requests,h2_trailers}/*.md.
//
// They are like those of t/unit/http/cases.h, except for the block: each of its lines is one field,
// "name: value", or "name:" for an empty value. A colon at the start of a line belongs to the name.
// Escapes stand for bytes in both, and a line of an escape alone, \{0*x}, begins an empty name.
// Behind the block, `with …` describes the frame, the listener and its limits.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "t/unit/http/cases.h"
#include "t/unit/http2/blocks.h"

namespace http2_cases {

struct Case {
  std::string title;  // begins with the name of the file
  std::vector<std::pair<std::string, std::string>> fields;
  std::vector<std::string> lines;  // behind the block

  const std::string& verdict() const { return lines.back(); }
};

inline void add_field(Case& test, const std::string& line) {
  const std::size_t colon = std::min(line.find(": ", 1), line.size() - 1);
  const std::string value = colon + 2 < line.size() ? line.substr(colon + 2) : std::string();
  test.fields.emplace_back(http_cases::unescape(line.substr(0, colon)),
                           http_cases::unescape(value));
}

inline std::vector<Case> read_cases(const std::string& folder) {
  return http_cases::read_folder<Case>(folder, add_field, [](Case&) {});
}

// The rest of each line of the case that begins with `key` and a space.
inline std::vector<std::string> values_of(const Case& test, std::string_view key) {
  std::vector<std::string> values;
  for (const std::string& line : test.lines) {
    if (line.starts_with(key) && line.size() > key.size() && line[key.size()] == ' ') {
      values.push_back(line.substr(key.size() + 1));
    }
  }
  return values;
}

// The same fields as blocks: in plain literals, in such that enter the table, and in Huffman's code
// as far as that keeps the names as they are.
inline std::vector<std::string> blocks_of(const Case& test) {
  std::string apart;
  std::string indexed;
  std::string encoded;
  worker::http2::Encoder encoder;
  bool is_lower = true;
  for (const auto& [name, value] : test.fields) {
    apart += http2_blocks::literal_apart(name, value);
    indexed += http2_blocks::literal(name, value);
    encoder.add(name, value);
    for (const char c : name) is_lower = is_lower && (c < 'A' || c > 'Z');
  }
  encoder.finish(encoded);
  std::vector<std::string> blocks{apart, indexed};
  if (is_lower) blocks.push_back(encoded);
  return blocks;
}

}  // namespace http2_cases
