// Reads the cases of t/unit/data/{requests,responses,chunked}/*.md.
//
// A case is a section: its title after "## ", the raw bytes in a fenced block, then its verdict.
// The block's own line ends are ignored. Escapes stand for bytes: \r \n \t \0 \xHH, \\ for a
// backslash, and \{N*text} for N times text. Behind the block come lines "key value …": `allow
// CODE` relaxes a rule, `request …` describes the request that a response answers, `sends LINE` and
// `hides TEXT` check the head that Pound writes for the other side. The last line is the verdict.
#pragma once

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace http_cases {

struct Case {
  std::string title;  // begins with the name of the file
  std::string bytes;
  std::vector<std::string> lines;  // behind the block

  const std::string& verdict() const { return lines.back(); }
};

inline std::string unescape(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    if (text[0] != '\\') {
      out.push_back(text[0]);
      text.remove_prefix(1);
      continue;
    }
    const char kind = text.at(1);
    std::size_t used = 2;
    switch (kind) {
      case 'r':
        out.push_back('\r');
        break;
      case 'n':
        out.push_back('\n');
        break;
      case 't':
        out.push_back('\t');
        break;
      case '0':
        out.push_back('\0');
        break;
      case '\\':
        out.push_back('\\');
        break;
      case 'x':
        out.push_back(static_cast<char>(std::stoi(std::string(text.substr(2, 2)), nullptr, 16)));
        used = 4;
        break;
      case '{': {
        const std::size_t star = text.find('*');
        const std::size_t close = text.find('}', star);
        const int times = std::stoi(std::string(text.substr(2, star - 2)));
        const std::string part = unescape(text.substr(star + 1, close - star - 1));
        for (int i = 0; i < times; ++i) out.append(part);
        used = close + 1;
        break;
      }
      default:
        throw std::runtime_error("unknown escape in " + std::string(text.substr(0, 20)));
    }
    text.remove_prefix(used);
  }
  return out;
}

// The inverse, for values in verdicts. A space becomes \s, so that a value is one word.
inline std::string escape(std::string_view bytes) {
  static constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  for (char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\r') {
      out += "\\r";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == ' ') {
      out += "\\s";
    } else if (c == '\\') {
      out += "\\\\";
    } else if (byte < 0x20 || byte >= 0x7f) {
      out += "\\x";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  return out;
}

// Reads the sections of one file; the title of each begins with the name of the file.
// `add_line(Case&, line)` takes a line of the block, and `close(Case&)` is called behind the block.
template <class Case, class AddLine, class Close>
void read_file(const std::filesystem::path& path, AddLine add_line, Close close,
               std::vector<Case>& cases) {
  std::ifstream in(path);
  std::string line;
  bool in_block = false;
  bool in_case = false;
  while (std::getline(in, line)) {
    if (!in_block && line.starts_with("## ")) {
      in_case = true;
      cases.emplace_back().title = path.filename().string() + ": " + line.substr(3);
    } else if (line.starts_with("```")) {
      if (in_block) close(cases.back());
      in_block = !in_block;
    } else if (in_block) {
      add_line(cases.back(), line);
    } else if (!line.empty() && in_case) {
      cases.back().lines.push_back(line);
    }
  }
}

// The cases of all files of t/unit/data/FOLDER, in the order of their names.
template <class Case, class AddLine, class Close>
std::vector<Case> read_folder(const std::string& folder, AddLine add_line, Close close) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator("t/unit/data/" + folder)) {
    if (entry.path().extension() == ".md") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<Case> cases;
  for (const auto& file : files) read_file(file, add_line, close, cases);
  return cases;
}

inline std::vector<Case> read_cases(const std::string& folder) {
  return read_folder<Case>(
      folder, [](Case& test, const std::string& line) { test.bytes += line; },
      [](Case& test) { test.bytes = unescape(test.bytes); });
}

// The words of `text` that `all` lacks: empty when all expected facts were found.
inline std::string missing_words(const std::string& text, const std::string& all) {
  std::string missing;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string word = text.substr(at, end - at);
    if (!word.empty() && (" " + all + " ").find(" " + word + " ") == std::string::npos) {
      missing += word + " ";
    }
    at = end + 1;
  }
  return missing;
}

}  // namespace http_cases
