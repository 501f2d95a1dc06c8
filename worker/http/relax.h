// Rules that `Allow` may relax: a listener or a service for its requests, a backend for its
// responses. And those of them that a request breaks.
//
// Pure, of fixed size. Pound knows the service of a request, and hence its `Allow`, only after it
// has parsed the head. So the parser and the judge note a breach and continue, and the router asks
// later whether it is allowed. http1_writer.h makes a request with breaches well-formed; a rule is
// relaxable only if the writer can do that. The backend of a response is known, so the parsers of
// responses get the relaxed rules and note nothing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "worker/http/verdict.h"

namespace worker::http {

// Rules of requests, in the order of the enumerators. When a request breaks several, the first is
// reported.
inline constexpr std::array kRelaxable{
    Reason::method_unknown, Reason::target_char, Reason::percent_encoding,
    Reason::host_missing,   Reason::host_empty,  Reason::connection_invalid,
    Reason::expect_unknown,
};

// Rules of responses. What Pound makes of the responses that break them:
inline constexpr std::array kRelaxableInResponses{
    Reason::chunk_space,       // new chunks
    Reason::response_bare_lf,  // CRLF, in a head whose lines all end in a bare LF
    Reason::response_status,   // 600 to 999 pass as they are; RFC 9110 15 tells clients to cope
    Reason::response_cl_many,  // one Content-Length, if all have the same value
};

class RuleSet {
 public:
  // Has no effect for a reason that is not relaxable.
  constexpr void add(Reason reason) { bits_ = static_cast<std::uint16_t>(bits_ | bit(reason)); }
  constexpr bool contains(Reason reason) const { return (bits_ & bit(reason)) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  constexpr RuleSet with(RuleSet other) const { return RuleSet(bits_ | other.bits_); }
  constexpr RuleSet without(RuleSet other) const { return RuleSet(bits_ & ~other.bits_); }
  constexpr RuleSet() = default;

 private:
  static_assert(kRelaxable.size() + kRelaxableInResponses.size() <= 16);
  explicit constexpr RuleSet(int bits) : bits_(static_cast<std::uint16_t>(bits)) {}
  static constexpr int bit(Reason reason) {
    for (std::size_t i = 0; i < kRelaxable.size(); ++i) {
      if (kRelaxable[i] == reason) return 1 << i;
    }
    for (std::size_t i = 0; i < kRelaxableInResponses.size(); ++i) {
      if (kRelaxableInResponses[i] == reason) return 1 << (kRelaxable.size() + i);
    }
    return 0;
  }

  std::uint16_t bits_ = 0;
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
