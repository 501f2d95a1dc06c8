// A JSON text, made of its parts: see json_text.h.
#include "conf/json_text.h"

namespace conf::json {

namespace {

constexpr std::string_view kHex = "0123456789abcdef";

void new_line(std::string& out, std::size_t depth) {
  out += '\n';
  out.append(2 * depth, ' ');
}

// The end of the text in quotes that begins at `at`, behind its closing quote.
std::size_t end_of_text(std::string_view json, std::size_t at) {
  for (++at; json[at] != '"'; ++at) {
    if (json[at] == '\\') ++at;
  }
  return at + 1;
}

}  // namespace

std::string text(std::string_view value) {
  std::string out = "\"";
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.append({'\\', c});
    } else if (byte < ' ' || byte == 0x7f) {
      out.append("\\u00").append({kHex[byte >> 4], kHex[byte & 15]});
    } else {
      out += c;
    }
  }
  return out + "\"";
}

std::string number(std::int64_t value) { return std::to_string(value); }

std::string array(std::span<const std::string> items) {
  std::string out = "[";
  for (const std::string& item : items) out.append(out.size() > 1 ? "," : "").append(item);
  return out + "]";
}

std::string object(const Members& members) {
  std::string out = "{";
  for (const auto& [name, value] : members) {
    out.append(out.size() > 1 ? "," : "").append(text(name)).append(":").append(value);
  }
  return out + "}";
}

std::string indented(std::string_view compact) {
  std::string out;
  std::size_t depth = 0;
  for (std::size_t at = 0; at < compact.size();) {
    const char c = compact[at];
    const bool opens = c == '{' || c == '[';
    const bool closes = c == '}' || c == ']';
    if (c == '"') {
      const std::size_t end = end_of_text(compact, at);
      out += compact.substr(at, end - at);
      at = end;
      continue;
    }
    const bool is_empty = closes && (out.back() == '{' || out.back() == '[');
    if (closes) --depth;
    if (closes && !is_empty) new_line(out, depth);
    out += c;
    if (opens) ++depth;
    const bool stays_empty = opens && (compact[at + 1] == '}' || compact[at + 1] == ']');
    if (c == ',' || (opens && !stays_empty)) new_line(out, depth);
    if (c == ':') out += ' ';
    ++at;
  }
  return out + "\n";
}

}  // namespace conf::json
