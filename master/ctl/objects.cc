// See objects.h.
#include "master/ctl/objects.h"

#include <algorithm>
#include <charconv>

#include "master/ctl/failure.h"

namespace master::ctl {
namespace {

const std::string kNone = "-";
constexpr std::string_view kKind = "object";

[[noreturn]] void refuse() {
  throw Failure(kFailed,
                "pound sent an answer that poundctl does not understand; are they of the "
                "same version?");
}

// Returns what stands before `end` and removes it, with `end`.
std::string_view cut(std::string_view& text, char end) {
  const std::size_t at = std::min(text.find(end), text.size());
  const std::string_view before = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return before;
}

}  // namespace

Object::Object(std::string_view line) {
  while (!line.empty()) {
    std::string_view value = cut(line, ' ');
    const std::string_view key = cut(value, '=');
    if (key.empty() || value.empty()) refuse();
    if (key == kKind) {
      kind_ = value;
    } else {
      fields_.emplace_back(key, value);
    }
  }
  if (kind_.empty()) refuse();
}

bool Object::has(std::string_view key) const { return text(key) != kNone; }

const std::string& Object::text(std::string_view key) const {
  const auto found = std::find_if(fields_.begin(), fields_.end(),
                                  [&](const auto& field) { return field.first == key; });
  return found == fields_.end() ? kNone : found->second;
}

std::uint64_t Object::number(std::string_view key) const {
  const std::string& digits = text(key);
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return error == std::errc() && end == digits.data() + digits.size() ? value : 0;
}

Objects parse_objects(std::string_view answer) {
  if (!answer.empty() && !answer.ends_with('\n')) refuse();  // the daemon ended meanwhile
  Objects objects;
  while (!answer.empty()) objects.emplace_back(cut(answer, '\n'));
  return objects;
}

Objects of_kind(const Objects& objects, std::string_view kind) {
  Objects found;
  std::copy_if(objects.begin(), objects.end(), std::back_inserter(found),
               [&](const Object& object) { return object.kind() == kind; });
  return found;
}

Object first_of(const Objects& objects, std::string_view kind) {
  const auto found = std::find_if(objects.begin(), objects.end(),
                                  [&](const Object& object) { return object.kind() == kind; });
  return found == objects.end() ? Object() : *found;
}

}  // namespace master::ctl
