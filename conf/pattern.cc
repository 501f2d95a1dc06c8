// Regular expressions with RE2: see pattern.h. The only file that includes RE2.
//
// Owns the choice of dialect (RE2's own; bytes; `.` matches any byte; `^` and `$` match at the ends
// of the text), the memory bounds, and the messages about invalid expressions.
#include "conf/pattern.h"

#include <re2/filtered_re2.h>
#include <re2/re2.h>
#include <re2/set.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "conf/diagnostic.h"
#include "conf/literal_set.h"

namespace conf {

namespace {

// For one expression with its automaton. RE2 builds the automaton during searches and discards it
// when it reaches this size. An expression of more than about 40 000 instructions does not fit.
constexpr std::int64_t kPatternMemory = 1 << 20;

// For a set: a base, an addition for each byte of its expressions, and the maximum.
constexpr std::int64_t kSetMemory = 8 << 20;
constexpr std::int64_t kSetMemoryPerByte = 1024;
constexpr std::int64_t kSetMemoryMost = 128 << 20;

// Up to this number, one pass needs no filter.
constexpr std::size_t kFewPatterns = 16;

// Shorter literals occur in too many texts.
constexpr int kShortestLiteral = 3;

RE2::Options options(Pattern::Case letter_case, std::int64_t memory) {
  RE2::Options made;
  made.set_encoding(RE2::Options::EncodingLatin1);
  made.set_case_sensitive(letter_case == Pattern::Case::sensitive);
  made.set_never_capture(true);
  made.set_dot_nl(true);
  made.set_log_errors(false);
  made.set_max_mem(memory);
  return made;
}

std::string reason(const RE2& expression) {
  const std::string& part = expression.error_arg();
  const std::string what = part.empty() ? "" : " `" + shown(part) + "`";
  switch (expression.error_code()) {
    case RE2::ErrorBadEscape:
      return "unknown escape" + what + " (there are no back references)";
    case RE2::ErrorBadCharClass:
      return "unknown character class" + what;
    case RE2::ErrorBadCharRange:
      return "the range or class" + what + " is not valid";
    case RE2::ErrorMissingBracket:
      return "no `]` closes" + what;
    case RE2::ErrorMissingParen:
      return "no `)` closes a group in" + what;
    case RE2::ErrorUnexpectedParen:
      return "a `)` closes no group in" + what;
    case RE2::ErrorTrailingBackslash:
      return "it ends with a backslash that escapes nothing";
    case RE2::ErrorRepeatArgument:
      return "nothing stands before" + what + " to be repeated";
    case RE2::ErrorRepeatSize:
      return "the repetition" + what + " is backwards, or makes more than 1000 in all";
    case RE2::ErrorRepeatOp:
      return "two repetitions in a row" + what;
    case RE2::ErrorBadPerlOp:
      return "unknown group" + what + " (there is no look-around)";
    case RE2::ErrorBadNamedCapture:
      return "the name of a group is not valid" + what;
    case RE2::ErrorPatternTooLarge:
      return "it is too large when its repetitions are written out";
    default:
      return "it cannot be compiled" + what;
  }
}

}  // namespace

struct Pattern::Compiled {
  Compiled(std::string_view text_, Case letter_case_)
      : text(text_),
        letter_case(letter_case_),
        expression(text, options(letter_case_, kPatternMemory)) {}

  std::string text;
  Case letter_case;
  RE2 expression;
};

std::optional<Pattern> Pattern::compile(std::string_view text, Case letter_case,
                                        std::string& error) {
  auto compiled = std::make_shared<const Compiled>(text, letter_case);
  if (!compiled->expression.ok()) {
    error = reason(compiled->expression);
    return std::nullopt;
  }
  return Pattern(std::move(compiled));
}

const std::string& Pattern::text() const { return compiled_->text; }

Pattern::Case Pattern::letter_case() const { return compiled_->letter_case; }

bool Pattern::search(std::string_view subject) const {
  const re2::StringPiece bytes(subject.data(), subject.size());
  return compiled_->expression.Match(bytes, 0, bytes.size(), RE2::UNANCHORED, nullptr, 0);
}

struct CapturePattern::Compiled {
  explicit Compiled(const std::string& text, const RE2::Options& how) : expression(text, how) {}
  RE2 expression;
};

std::optional<CapturePattern> CapturePattern::compile(std::string_view text, std::string& error) {
  RE2::Options how = options(Pattern::Case::sensitive, kPatternMemory);
  how.set_never_capture(false);
  auto compiled = std::make_shared<const Compiled>(std::string(text), how);
  if (!compiled->expression.ok()) {
    error = reason(compiled->expression);
    return std::nullopt;
  }
  return CapturePattern(std::move(compiled));
}

const std::string& CapturePattern::text() const { return compiled_->expression.pattern(); }

unsigned CapturePattern::groups() const {
  return static_cast<unsigned>(compiled_->expression.NumberOfCapturingGroups());
}

std::optional<CapturePattern::Found> CapturePattern::find(std::string_view subject) const {
  const RE2& expression = compiled_->expression;
  std::array<re2::StringPiece, kMostGroups + 1> parts;
  const int wanted = std::min<int>(expression.NumberOfCapturingGroups(), kMostGroups) + 1;
  const re2::StringPiece bytes(subject.data(), subject.size());
  if (!expression.Match(bytes, 0, bytes.size(), RE2::UNANCHORED, parts.data(), wanted)) {
    return std::nullopt;
  }
  const auto view = [](const re2::StringPiece& part) {
    return part.data() == nullptr ? std::string_view() : std::string_view(part.data(), part.size());
  };
  Found found{.whole = view(parts[0]), .groups = {}};
  for (int i = 1; i < wanted; ++i) {
    found.groups[static_cast<std::size_t>(i) - 1] = view(parts[static_cast<std::size_t>(i)]);
  }
  return found;
}

namespace {

// Several patterns searched in one pass.
class OnePass {
 public:
  // Compiles those of `patterns` with these `numbers`. `search` fails when they outgrow the memory.
  void compile(const std::vector<Pattern>& patterns, const std::vector<int>& numbers) {
    std::int64_t memory = kSetMemory;
    for (const int i : numbers) {
      const Pattern& pattern = patterns[static_cast<std::size_t>(i)];
      memory += kSetMemoryPerByte * static_cast<std::int64_t>(pattern.text().size());
    }
    auto set = std::make_unique<RE2::Set>(
        options(Pattern::Case::sensitive, std::min(memory, kSetMemoryMost)), RE2::UNANCHORED);
    for (const int i : numbers) {
      const Pattern& pattern = patterns[static_cast<std::size_t>(i)];
      // A flag rather than a group: an open \Q in the expression would quote the end of a group.
      const bool sensitive = pattern.letter_case() == Pattern::Case::sensitive;
      if (set->Add((sensitive ? "" : "(?i)") + pattern.text(), nullptr) < 0) return;
    }
    if (!set->Compile()) return;
    set_ = std::move(set);
    numbers_ = numbers;
  }

  // False when the search is not possible.
  bool search(std::string_view subject, std::vector<int>& hits) {
    if (!set_) return false;
    RE2::Set::ErrorInfo error{};
    const bool found = set_->Match({subject.data(), subject.size()}, &found_, &error);
    if (!found) return error.kind == RE2::Set::kNoError;
    for (const int i : found_) hits.push_back(numbers_[static_cast<std::size_t>(i)]);
    return true;
  }

 private:
  std::unique_ptr<RE2::Set> set_;
  std::vector<int> numbers_;
  std::vector<int> found_;
};

void search_each(const std::vector<Pattern>& patterns, const std::vector<int>& numbers,
                 std::string_view subject, std::vector<int>& hits) {
  for (const int i : numbers) {
    if (patterns[static_cast<std::size_t>(i)].search(subject)) hits.push_back(i);
  }
}

}  // namespace

struct PatternSet::Automaton {
  void compile_filter();
  void search_filtered(std::string_view subject, std::vector<int>& hits);

  std::vector<Pattern> patterns;
  std::vector<int> all;
  OnePass pass_over_all;

  // For many patterns: the literals that must occur before a pattern can be found.
  bool has_filter = false;
  re2::FilteredRE2 filter{kShortestLiteral};
  LiteralSet literals;
  std::vector<bool> has_literal;  // of each pattern
  std::vector<int> without_literal;
  OnePass pass_over_those;
  std::vector<int> found_literals;
  std::vector<int> candidates;
};

PatternSet::PatternSet() : automaton_(std::make_unique<Automaton>()) {}
PatternSet::~PatternSet() = default;
PatternSet::PatternSet(PatternSet&&) noexcept = default;
PatternSet& PatternSet::operator=(PatternSet&&) noexcept = default;

int PatternSet::add(const Pattern& pattern) {
  const int number = static_cast<int>(automaton_->patterns.size());
  automaton_->patterns.push_back(pattern);
  automaton_->all.push_back(number);
  return number;
}

bool PatternSet::empty() const { return automaton_->patterns.empty(); }

void PatternSet::compile() {
  if (empty()) return;
  if (automaton_->patterns.size() > kFewPatterns) automaton_->compile_filter();
  if (!automaton_->has_filter) {
    automaton_->pass_over_all.compile(automaton_->patterns, automaton_->all);
  }
}

void PatternSet::Automaton::compile_filter() {
  for (const Pattern& pattern : patterns) {
    int number = 0;
    if (filter.Add(pattern.text(), options(pattern.letter_case(), kPatternMemory), &number) !=
        RE2::NoError) {
      return;
    }
  }
  std::vector<std::string> needed;
  filter.Compile(&needed);
  if (needed.empty() || !literals.compile(needed)) return;
  filter.AllPotentials({}, &without_literal);
  has_literal.assign(patterns.size(), true);
  for (const int i : without_literal) has_literal[static_cast<std::size_t>(i)] = false;
  if (!without_literal.empty()) pass_over_those.compile(patterns, without_literal);
  has_filter = true;
}

// Tries the remaining patterns one by one, however many there are, because that takes time linear
// in the text. One pass over thousands of them would make new states for almost every byte of a
// text that holds many of their literals: for 1 900 candidates and 31 KiB, 2 800 ms instead of 240
// ms.
void PatternSet::Automaton::search_filtered(std::string_view subject, std::vector<int>& hits) {
  literals.search(subject, found_literals);
  candidates.clear();
  if (!found_literals.empty()) {
    filter.AllPotentials(found_literals, &candidates);
    std::erase_if(candidates, [&](int i) { return !has_literal[static_cast<std::size_t>(i)]; });
  }
  search_each(patterns, candidates, subject, hits);
  if (!without_literal.empty() && !pass_over_those.search(subject, hits)) {
    search_each(patterns, without_literal, subject, hits);
  }
}

void PatternSet::search(std::string_view subject, std::vector<int>& hits) const {
  Automaton& automaton = *automaton_;
  if (automaton.has_filter) return automaton.search_filtered(subject, hits);
  if (automaton.pass_over_all.search(subject, hits)) return;
  search_each(automaton.patterns, automaton.all, subject, hits);
}

}  // namespace conf
