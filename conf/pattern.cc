// Regular expressions: RE2 behind a small face. The only file that knows RE2.
//
// Owns the choice of dialect (RE2's own, bytes, `.` matches any byte, `^` and `$` the whole text),
// the memory bounds, and the words for what is wrong with an expression.
#include "conf/pattern.h"

#include <re2/re2.h>
#include <re2/set.h>

#include <algorithm>
#include <cstdint>
#include <utility>

#include "conf/diagnostic.h"

namespace conf {

namespace {

// For one expression with its automaton, which is built while it is used and thrown away when it
// reaches this size. An expression of more than some 40 000 instructions does not fit.
constexpr std::int64_t kPatternMemory = 1 << 20;

// For a set: what a small one may use, what each byte of the expressions adds, and the most.
constexpr std::int64_t kSetMemory = 8 << 20;
constexpr std::int64_t kSetMemoryPerByte = 1024;
constexpr std::int64_t kSetMemoryMost = 128 << 20;

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
      return "a backslash at the end escapes nothing";
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

struct PatternSet::Automaton {
  std::vector<Pattern> patterns;
  std::unique_ptr<RE2::Set> set;  // none until compiled, or when it outgrew its memory
};

PatternSet::PatternSet() : automaton_(std::make_unique<Automaton>()) {}
PatternSet::~PatternSet() = default;
PatternSet::PatternSet(PatternSet&&) noexcept = default;
PatternSet& PatternSet::operator=(PatternSet&&) noexcept = default;

int PatternSet::add(const Pattern& pattern) {
  automaton_->patterns.push_back(pattern);
  return static_cast<int>(automaton_->patterns.size()) - 1;
}

bool PatternSet::empty() const { return automaton_->patterns.empty(); }

void PatternSet::compile() {
  automaton_->set.reset();
  if (empty()) return;
  std::int64_t memory = kSetMemory;
  for (const Pattern& pattern : automaton_->patterns) {
    memory += kSetMemoryPerByte * static_cast<std::int64_t>(pattern.text().size());
  }
  auto set = std::make_unique<RE2::Set>(
      options(Pattern::Case::sensitive, std::min(memory, kSetMemoryMost)), RE2::UNANCHORED);
  for (const Pattern& pattern : automaton_->patterns) {
    // A flag and not a group around it: an open \Q in the expression would swallow its end.
    const bool sensitive = pattern.letter_case() == Pattern::Case::sensitive;
    if (set->Add((sensitive ? "" : "(?i)") + pattern.text(), nullptr) < 0) return;
  }
  if (set->Compile()) automaton_->set = std::move(set);
}

void PatternSet::search(std::string_view subject, std::vector<int>& hits) const {
  if (automaton_->set) {
    const re2::StringPiece bytes(subject.data(), subject.size());
    std::vector<int> found;
    RE2::Set::ErrorInfo error{};
    if (automaton_->set->Match(bytes, &found, &error)) {
      hits.insert(hits.end(), found.begin(), found.end());
      return;
    }
    if (error.kind == RE2::Set::kNoError) return;
  }
  const std::vector<Pattern>& patterns = automaton_->patterns;
  for (std::size_t i = 0; i < patterns.size(); ++i) {
    if (patterns[i].search(subject)) hits.push_back(static_cast<int>(i));
  }
}

}  // namespace conf
