// Status lines: see status_text.h.
#include "shm/status_text.h"

#include <string_view>

namespace shm {
namespace {

// Stricter than the escaping of a log line, because a space or `=` would end a value.
std::string escaped(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte > 0x20 && byte < 0x7f && c != '"' && c != '\\' && c != '=') {
      out += c;
    } else {
      out += "\\x";
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
  }
  return out;
}

std::vector<std::string> lines_with(std::string_view begin,
                                    const std::vector<StatusObject>& objects) {
  std::vector<std::string> lines;
  lines.reserve(objects.size() + 1);
  for (const StatusObject& object : objects) {
    std::string line(begin);
    line += "object=";
    line += object.kind;
    for (const StatusField& field : object.fields) {
      line += ' ';
      line += field.key;
      line += '=';
      line += field.kind == StatusField::Kind::none ? "-" : escaped(field.value);
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace

std::vector<std::string> status_lines(const std::vector<StatusObject>& objects) {
  return lines_with("status: ", objects);
}

std::vector<std::string> object_lines(const std::vector<StatusObject>& objects) {
  return lines_with("", objects);
}

std::string status_end_line(std::size_t lines, std::size_t omitted) {
  return "status: object=end lines=" + std::to_string(lines) +
         " omitted=" + std::to_string(omitted);
}

}  // namespace shm
