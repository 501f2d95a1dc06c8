// Reads the cases of t/unit/data/{h2_requests,h2_trailers}/*.md.
//
// They are like those of t/unit/http/cases.h, except for the block: each of its lines is one field,
// "name: value", or "name:" for an empty value. A colon at the start of a line belongs to the name.
// Escapes stand for bytes in both, and a line of an escape alone, \{0*x}, begins an empty name.
// Behind the block, `with …` describes the frame, the listener and its limits.
#pragma once

#include <fstream>
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

inline void read_file(const std::filesystem::path& path, std::vector<Case>& cases) {
  std::ifstream in(path);
  std::string line;
  bool in_block = false;
  bool in_case = false;
  while (std::getline(in, line)) {
    if (!in_block && line.starts_with("## ")) {
      in_case = true;
      cases.push_back({path.filename().string() + ": " + line.substr(3), {}, {}});
    } else if (line.starts_with("```")) {
      in_block = !in_block;
    } else if (in_block) {
      add_field(cases.back(), line);
    } else if (!line.empty() && in_case) {
      cases.back().lines.push_back(line);
    }
  }
}

inline std::vector<Case> read_cases(const std::string& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator("t/unit/data/" + folder)) {
    if (entry.path().extension() == ".md") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<Case> cases;
  for (const auto& file : files) read_file(file, cases);
  return cases;
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
