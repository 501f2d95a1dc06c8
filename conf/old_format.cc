// See old_format.h.
#include "conf/old_format.h"

#include <algorithm>
#include <array>

#include "conf/diagnostic.h"
#include "conf/scalar.h"

namespace conf {

namespace {

constexpr std::string_view kBlank = " \t";
constexpr auto kSections =
    std::to_array<std::string_view>({"ListenHTTP", "ListenHTTPS", "Service", "BackEnd"});

// The first word of a line, if nothing but a text in quotes or a comment follows it.
std::string_view lone_word(std::string_view line) {
  line.remove_prefix(std::min(line.find_first_not_of(kBlank), line.size()));
  const std::string_view word = line.substr(0, line.find_first_of(kBlank));
  line.remove_prefix(word.size());
  line.remove_prefix(std::min(line.find_first_not_of(kBlank), line.size()));
  const bool is_alone = line.empty() || line.front() == '"' || line.front() == '#';
  return is_alone ? word : std::string_view();
}

}  // namespace

std::size_t line_of_old_format(std::string_view text) {
  std::size_t first = 0;
  bool has_end = false;
  for (std::size_t line = 1; !text.empty() && (first == 0 || !has_end); ++line) {
    const std::string_view word = lone_word(take_line(text));
    const bool begins = std::ranges::any_of(
        kSections, [&](std::string_view name) { return equal_ignoring_case(word, name); });
    if (begins && first == 0) first = line;
    has_end = has_end || equal_ignoring_case(word, "End");
  }
  return has_end ? first : 0;
}

}  // namespace conf
