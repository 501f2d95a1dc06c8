// Finds the ends of field names and field values: the loops that read most of a head.
//
// Pure, and inline, since a head takes dozens of short calls. Each function has two versions with
// the same result: sixteen bytes or more at a time where the processor has SSE2, byte by byte
// elsewhere. The tests compare both. Never reads outside [p, end).
#pragma once

#include "worker/http/chars.h"

#ifdef __SSE2__
#include <emmintrin.h>

#include <bit>
#endif

namespace worker::http {

struct NameScan {
  const char* end;  // the first byte that no name may have, or the end of the bytes
  bool plain;       // the name has letters, digits and '-' only
};

namespace internal {

constexpr bool is_plain(char c) {
  return c == '-' || is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z');
}

// Continues at `p`; `plain` is the result for the bytes before.
inline NameScan skip_rest_of_name(const char* p, const char* end, bool plain) {
  while (p != end && is(*p, kTokenChar)) plain = is_plain(*p++) && plain;
  return {p, plain};
}

}  // namespace internal

inline NameScan skip_name_portably(const char* p, const char* end) {
  return internal::skip_rest_of_name(p, end, true);
}

inline const char* skip_value_portably(const char* p, const char* end) {
  while (p != end && is(*p, kValueChar)) ++p;
  return p;
}

#ifdef __SSE2__

namespace internal {

inline __m128i load(const char* p) { return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p)); }

// 0xff where a byte is at most `most`.
inline __m128i at_most(__m128i bytes, char most) {
  return _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(most)), bytes);
}

inline __m128i not_in_value(__m128i bytes) {
  const __m128i control = at_most(bytes, 0x1f);
  return _mm_or_si128(_mm_andnot_si128(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\t')), control),
                      _mm_cmpeq_epi8(bytes, _mm_set1_epi8(0x7f)));
}

inline __m128i plain_in_name(__m128i bytes) {
  const __m128i small = _mm_or_si128(bytes, _mm_set1_epi8(0x20));
  const __m128i letter = at_most(_mm_sub_epi8(small, _mm_set1_epi8('a')), 25);
  const __m128i digit = at_most(_mm_sub_epi8(bytes, _mm_set1_epi8('0')), 9);
  return _mm_or_si128(_mm_or_si128(letter, digit), _mm_cmpeq_epi8(bytes, _mm_set1_epi8('-')));
}

inline unsigned mask_of(__m128i bytes) { return static_cast<unsigned>(_mm_movemask_epi8(bytes)); }

}  // namespace internal

inline NameScan skip_name(const char* p, const char* end) {
  for (; end - p >= 16; p += 16) {
    const unsigned other = ~internal::mask_of(internal::plain_in_name(internal::load(p))) & 0xffffu;
    if (other == 0) continue;
    p += std::countr_zero(other);
    if (!is(*p, kTokenChar)) return {p, true};
    break;
  }
  return internal::skip_rest_of_name(p, end, true);
}

// The first byte in [p, end) that no field value may have, or end.
inline const char* skip_value(const char* p, const char* end) {
  using namespace internal;
  // Most values end in the first or second step. A long one takes larger strides.
  while (end - p >= 16) {
    const unsigned bad = mask_of(not_in_value(load(p)));
    if (bad != 0) return p + std::countr_zero(bad);
    p += 16;
    while (end - p >= 64) {
      const __m128i first = _mm_or_si128(not_in_value(load(p)), not_in_value(load(p + 16)));
      const __m128i second = _mm_or_si128(not_in_value(load(p + 32)), not_in_value(load(p + 48)));
      if (mask_of(_mm_or_si128(first, second)) != 0) break;
      p += 64;
    }
  }
  return skip_value_portably(p, end);
}

#else

inline NameScan skip_name(const char* p, const char* end) { return skip_name_portably(p, end); }
inline const char* skip_value(const char* p, const char* end) {
  return skip_value_portably(p, end);
}

#endif

}  // namespace worker::http
