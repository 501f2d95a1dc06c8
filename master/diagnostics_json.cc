// See diagnostics_json.h.
#include "master/diagnostics_json.h"

#include <string_view>

#include "shm/json.h"

namespace master {
namespace {

void append_text(std::string& out, std::string_view name, std::string_view text) {
  out.append("\"").append(name).append("\":");
  shm::append_json_string(out, text);
}

void append_number(std::string& out, std::string_view name, std::size_t number) {
  out.append("\"").append(name).append("\":").append(number == 0 ? "null" : std::to_string(number));
}

// Where a message is, and what it says. Null: the message is about a whole file, or about none.
void append_place_and_message(std::string& out, const conf::Diagnostic& one) {
  if (one.where.file) {
    append_text(out, "file", one.where.file->name);
  } else {
    out += "\"file\":null";
  }
  out += ',';
  append_number(out, "line", one.where.line);
  out += ',';
  append_number(out, "column", one.where.column);
  out += ',';
  append_text(out, "message", one.message);
}

void append_head(std::string& out, const conf::Diagnostic& one) {
  append_text(out, "severity", one.severity == conf::Severity::error ? "error" : "warning");
  out += ',';
  if (one.lint) {
    append_text(out, "code", conf::lint_code(*one.lint));
  } else {
    out += "\"code\":null";
  }
  out += ',';
  append_place_and_message(out, one);
}

}  // namespace

std::string diagnostics_json(const std::string& file, const conf::Diagnostics& diagnostics) {
  std::string out = "{";
  append_text(out, "file", file);
  out.append(",\"valid\":").append(diagnostics.has_errors() ? "false" : "true");
  out += ",\"diagnostics\":[";
  bool is_first = true;       // of the messages
  bool is_first_note = true;  // of a message
  for (const conf::Diagnostic& one : diagnostics.all()) {
    if (one.severity == conf::Severity::note) {
      out += is_first_note ? "{" : ",{";
      is_first_note = false;
      append_place_and_message(out, one);
      out += '}';
      continue;
    }
    out += is_first ? "{" : "]},{";
    is_first = false;
    append_head(out, one);
    out += ",\"notes\":[";
    is_first_note = true;
  }
  if (!is_first) out += "]}";
  return out + "],\"omitted\":" + std::to_string(diagnostics.omitted()) + "}\n";
}

}  // namespace master
