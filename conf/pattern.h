// Regular expressions: RE2 behind a small interface, with time linear in the subject's length.
//
// Values that are cheap to copy; const use is safe after a fork. The only user of RE2 (pattern.cc).
// Patterns and subjects are bytes (Latin-1), so no request can be "invalid UTF-8" here. A search is
// unanchored, as in Pound: `www` is found in `Host: www.example.com`.
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace conf {

class Pattern {
 public:
  enum class Case { sensitive, insensitive };

  // Nothing, and the reason in `error`, when `text` is not a regular expression or is too large.
  static std::optional<Pattern> compile(std::string_view text, Case letter_case,
                                        std::string& error);

  const std::string& text() const;
  Case letter_case() const;
  bool search(std::string_view subject) const;

 private:
  friend class PatternSet;
  struct Compiled;
  explicit Pattern(std::shared_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}
  std::shared_ptr<const Compiled> compiled_;
};

// An expression whose groups are wanted, for texts that refer to them as $1 to $9. Case-sensitive.
class CapturePattern {
 public:
  static constexpr std::size_t kMostGroups = 9;
  // What was found, and its first nine groups; a group that took no part is empty.
  struct Found {
    std::string_view whole;
    std::array<std::string_view, kMostGroups> groups;
  };

  // Nothing, and the reason in `error`, as for Pattern.
  static std::optional<CapturePattern> compile(std::string_view text, std::string& error);

  const std::string& text() const;
  unsigned groups() const;
  // The first place where it is found. All views are into `subject`.
  std::optional<Found> find(std::string_view subject) const;

 private:
  struct Compiled;
  explicit CapturePattern(std::shared_ptr<const Compiled> compiled)
      : compiled_(std::move(compiled)) {}
  std::shared_ptr<const Compiled> compiled_;
};

// Many patterns searched at once: the cost does not grow with their number. Few patterns are
// searched in one pass (RE2::Set). Of many patterns, one pass (FilteredRE2, LiteralSet) finds those
// whose literals occur in the subject, and only these are tried. With 10 000 patterns like
// `^Host:.*name` that costs 0.0012 of a pass with RE2::Set, which would rebuild its automaton again
// and again. Patterns of both letter cases may be mixed. When an automaton outgrows its memory
// bound, patterns are searched one by one, with the same result.
class PatternSet {
 public:
  PatternSet();
  ~PatternSet();
  PatternSet(const PatternSet&) = delete;
  PatternSet& operator=(const PatternSet&) = delete;
  PatternSet(PatternSet&&) noexcept;
  PatternSet& operator=(PatternSet&&) noexcept;

  // The number that `search` will report for this pattern: 0, 1, 2 … in the order of adding.
  int add(const Pattern& pattern);
  void compile();  // once, after the last add and before the first search
  bool empty() const;

  // Appends the number of every pattern found in `subject` to `hits`, in no order, each once.
  void search(std::string_view subject, std::vector<int>& hits) const;

 private:
  struct Automaton;
  std::unique_ptr<Automaton> automaton_;
};

}  // namespace conf
