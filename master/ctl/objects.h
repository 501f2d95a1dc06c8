// The objects in an answer of the daemon, as it tells them in lines: see pound(8), STATUS.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace master::ctl {

// Reads fields by name. One that is missing, as in the answer of another version, is one without a
// value.
class Object {
 public:
  Object() = default;
  // Throws Failure when the line is not object=KIND key=value ….
  explicit Object(std::string_view line);

  const std::string& kind() const { return kind_; }
  bool has(std::string_view key) const;                 // the field has a value
  const std::string& text(std::string_view key) const;  // "-" without a value
  std::uint64_t number(std::string_view key) const;  // 0 without a value, or when it is no number
  const std::vector<std::pair<std::string, std::string>>& fields() const { return fields_; }

 private:
  std::string kind_;
  std::vector<std::pair<std::string, std::string>> fields_;
};

using Objects = std::vector<Object>;

// Throws Failure.
Objects parse_objects(std::string_view answer);
Objects of_kind(const Objects& objects, std::string_view kind);
// The first one of a kind, or an empty one.
Object first_of(const Objects& objects, std::string_view kind);

}  // namespace master::ctl
