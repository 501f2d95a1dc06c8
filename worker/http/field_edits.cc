// See field_edits.h.
#include "worker/http/field_edits.h"

#include <algorithm>
#include <utility>

#include "worker/http/chars.h"

namespace worker::http {

namespace {

constexpr std::string_view kLineEnd = "\r\n";

bool begins_with(std::string_view text, std::string_view lower_case) {
  return text.size() >= lower_case.size() && lower(text.front()) == lower_case.front() &&
         equal_ignoring_case(text.substr(0, lower_case.size()), lower_case);
}

// Copies the lines up to the empty one, neighbours in one piece.
void append_other_lines(std::string_view lines, const RemovedFields& removed, std::string& out) {
  std::size_t begin = 0;
  std::size_t at = 0;
  while (at < lines.size() && lines[at] != '\r') {
    const std::size_t end = lines.find('\n', at) + 1;
    const std::string_view line = lines.substr(at, end - at);
    if (removed.contains(line.substr(0, line.find(':')))) {
      out.append(lines.substr(begin, at - begin));
      begin = end;
    }
    at = end;
  }
  out.append(lines.substr(begin, at - begin));
}

}  // namespace

void RemovedFields::add(std::string_view name, bool is_beginning) {
  Name one{std::string(name), is_beginning};
  std::ranges::transform(one.text, one.text.begin(), lower);
  if (std::ranges::find(names_, one) == names_.end()) names_.push_back(std::move(one));
}

bool RemovedFields::contains(std::string_view name) const {
  for (const Name& one : names_) {
    if (!one.is_beginning && name.size() != one.text.size()) continue;
    if (begins_with(name, one.text)) return true;
  }
  return false;
}

void remove_fields(HeaderList& fields, const RemovedFields& removed) {
  if (removed.empty()) return;
  fields.remove_if([&removed](const Field& field) { return removed.contains(field.name); });
}

void edit_request_head(std::string_view head, const RemovedFields& removed, std::string_view target,
                       std::string_view added, std::string& out) {
  const std::size_t line = head.find('\n') + 1;
  out.reserve(out.size() + head.size() + target.size() + added.size());
  if (target.empty()) {
    out.append(head.substr(0, line));
  } else {
    const std::string_view old = target_of(head);
    const auto at = static_cast<std::size_t>(old.data() - head.data());
    out.append(head.substr(0, at)).append(target);
    out.append(head.substr(at + old.size(), line - at - old.size()));
  }
  const std::string_view lines = head.substr(line);
  if (removed.empty()) {
    out.append(lines.substr(0, lines.size() - kLineEnd.size()));
  } else {
    append_other_lines(lines, removed, out);
  }
  out.append(added).append(kLineEnd);
}

std::string_view target_of(std::string_view head) {
  const std::size_t begin = head.find(' ') + 1;
  const std::size_t end = head.find(' ', begin);
  if (begin == 0 || end == std::string_view::npos) return {};
  return head.substr(begin, end - begin);
}

}  // namespace worker::http
