// Rules that a listener or a service may relax with `Allow`, and what a request breaks of them.
//
// Pure, of fixed size. Such a rule is judged softly: which service gets a request is known only
// after its head was read, so the parser and the judge note what is broken and go on, and whoever
// routes the request asks whether it is allowed. What goes out then is made well-formed by
// rewrite.h; a rule that could not be mended there cannot be relaxed.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "worker/http/verdict.h"

namespace worker::http {

// In the order of the enumerators; of several that are broken the first is the one reported.
inline constexpr std::array kRelaxable{
    Reason::method_unknown, Reason::target_char, Reason::percent_encoding,
    Reason::host_missing,   Reason::host_empty,  Reason::connection_invalid,
    Reason::expect_unknown,
};

class RuleSet {
 public:
  // A reason that is not relaxable is not taken.
  constexpr void add(Reason reason) { bits_ = static_cast<std::uint8_t>(bits_ | bit(reason)); }
  constexpr bool contains(Reason reason) const { return (bits_ & bit(reason)) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr RuleSet with(RuleSet other) const { return RuleSet(bits_ | other.bits_); }
  constexpr RuleSet without(RuleSet other) const { return RuleSet(bits_ & ~other.bits_); }
  constexpr RuleSet() = default;

 private:
  static_assert(kRelaxable.size() <= 8);
  explicit constexpr RuleSet(int bits) : bits_(static_cast<std::uint8_t>(bits)) {}
  static constexpr int bit(Reason reason) {
    for (std::size_t i = 0; i < kRelaxable.size(); ++i) {
      if (kRelaxable[i] == reason) return 1 << i;
    }
    return 0;
  }

  std::uint8_t bits_ = 0;
};

// The relaxable rules that one request breaks, each with the place where it does so first.
class Breaches {
 public:
  void clear() { rules_ = {}; }
  void note(Reason reason, std::size_t offset);
  bool empty() const { return rules_.empty(); }
  bool contains(Reason reason) const { return rules_.contains(reason); }

  // The first breach that is not allowed.
  Refusal refusal(RuleSet allowed) const;

 private:
  RuleSet rules_;
  std::array<std::uint32_t, kRelaxable.size()> offsets_{};
};

}  // namespace worker::http
