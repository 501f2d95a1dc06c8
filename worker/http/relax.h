// Rules that a listener or a service may relax with `Allow`, and those of them that a request
// breaks.
//
// Pure, of fixed size. Pound knows the service of a request, and hence its `Allow`, only after it
// has parsed the head. So the parser and the judge note a breach and continue, and the router asks
// later whether it is allowed. http1_writer.h makes a request with breaches well-formed; a rule is
// relaxable only if the writer can do that.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "worker/http/verdict.h"

namespace worker::http {

// In the order of the enumerators. When a request breaks several, the first is reported.
inline constexpr std::array kRelaxable{
    Reason::method_unknown, Reason::target_char, Reason::percent_encoding,
    Reason::host_missing,   Reason::host_empty,  Reason::connection_invalid,
    Reason::expect_unknown,
};

class RuleSet {
 public:
  // Has no effect for a reason that is not relaxable.
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

// The relaxable rules that one request breaks, each with the offset of its first breach.
class Breaches {
 public:
  void clear() { rules_ = {}; }
  void note(Reason reason, std::size_t offset);
  bool empty() const { return rules_.empty(); }
  bool contains(Reason reason) const { return rules_.contains(reason); }

  // The first breach that is not allowed, in the order of kRelaxable.
  Refusal refusal(RuleSet allowed) const;

 private:
  RuleSet rules_;
  std::array<std::uint32_t, kRelaxable.size()> offsets_{};
};

}  // namespace worker::http
