// See load_access_log.h.
#include "conf/load_access_log.h"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "conf/scalar.h"
#include "conf/suggest.h"

namespace conf {
namespace {

struct Word {
  std::string_view text;
  AccessLog::Kind kind;
};

constexpr auto kWords = std::to_array<Word>({
    {"combined", AccessLog::Kind::combined},
    {"common", AccessLog::Kind::common},
    {"json", AccessLog::Kind::json},
    {"none", AccessLog::Kind::none},
    {"off", AccessLog::Kind::none},
});

std::string all_names() {
  const auto names = log_field_names();
  std::string text;
  for (const std::string_view name : names) {
    if (!text.empty()) text += name == names.back() ? " and " : ", ";
    text += name;
  }
  return text;
}

// Splits a format into its parts.
class FormatReader {
 public:
  explicit FormatReader(std::string_view text) : rest_(text) {}

  // Empty, or what is wrong.
  std::string read(std::vector<LogPart>& parts) {
    if (has_control_byte(rest_) || rest_.find('\t') != rest_.npos) {
      return "has a control character";
    }
    LogPart part;
    while (!rest_.empty()) {
      const char c = rest_.front();
      if (rest_.starts_with("{{") || rest_.starts_with("}}")) {
        part.text += c;
        rest_.remove_prefix(2);
      } else if (c == '}') {
        return "has a `}` without `{`; for the character itself write `}}`";
      } else if (c != '{') {
        part.text += c;
        rest_.remove_prefix(1);
      } else {
        std::string problem = read_field(part);
        if (!problem.empty()) return problem;
        parts.push_back(std::exchange(part, {}));
      }
    }
    if (parts.size() > kMostLogFields) {
      return "has " + std::to_string(parts.size()) + " fields, expected at most " +
             std::to_string(kMostLogFields);
    }
    parts.push_back(std::move(part));
    return {};
  }

 private:
  std::string read_field(LogPart& part) {
    const std::size_t end = rest_.find('}');
    if (end == rest_.npos) return "has a `{` without `}`; for the character itself write `{{`";
    const std::string_view name = rest_.substr(1, end - 1);
    const auto names = log_field_names();
    const auto found = std::ranges::find(names, name);
    if (found == names.end()) {
      return "has the unknown field `{" + shown(name) + "}`" + did_you_mean(name, names) +
             "; known are " + all_names();
    }
    rest_.remove_prefix(end + 1);
    part.field = static_cast<LogField>(found - names.begin());
    part.is_quoted = part.text.ends_with('"') && rest_.starts_with('"');
    return {};
  }

  std::string_view rest_;
};

}  // namespace

std::optional<AccessLog> load_access_log(const Section& section, Diagnostics& diagnostics) {
  const Section::Member* const member = section.find("AccessLog");
  if (member == nullptr) return std::nullopt;
  const Node& value = *member->value;
  for (const Word& word : kWords) {
    if (equal_ignoring_case(value.text, word.text)) return AccessLog{word.kind};
  }
  if (value.text.find('{') == value.text.npos) {
    std::vector<std::string_view> words;
    for (const Word& word : kWords) words.push_back(word.text);
    diagnostics.error(value.where, "`AccessLog` is " + describe(value) + ", expected " +
                                       expectation(*member->key) + did_you_mean(value.text, words));
    return std::nullopt;
  }
  AccessLog made{AccessLog::Kind::format};
  const std::string problem = FormatReader(value.text).read(made.parts);
  if (problem.empty()) return made;
  diagnostics.error(value.where,
                    "the format of `AccessLog` " +
                        (value.written.empty() ? problem : "is not valid; " + fault_in(value, "")));
  return std::nullopt;
}

std::optional<std::string> load_request_id(const Section& section, Position& where,
                                           Diagnostics& diagnostics) {
  const Section::Member* const member = section.find("RequestID");
  if (member == nullptr) return std::nullopt;
  where = member->value->where;
  const std::string& name = member->value->text;
  if (equal_ignoring_case(name, "none")) return std::string();
  if (is_token(name)) return name;
  diagnostics.error(member->value->where, "`RequestID` is " + describe(*member->value) +
                                              ", expected " + expectation(*member->key) +
                                              ", made of letters, digits and " +
                                              std::string(kTokenMarks));
  return std::nullopt;
}

}  // namespace conf
