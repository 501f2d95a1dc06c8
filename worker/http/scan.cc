// The vector version and its portable twin. Never reads outside [p, end).
#include "worker/http/scan.h"

#include "worker/http/chars.h"

#ifdef __SSE2__
#include <emmintrin.h>

#include <bit>
#endif

namespace worker::http {

const char* skip_value_portably(const char* p, const char* end) {
  while (p != end && is(*p, kValueChar)) ++p;
  return p;
}

#ifdef __SSE2__
const char* skip_value(const char* p, const char* end) {
  const __m128i last_control = _mm_set1_epi8(0x1f);
  const __m128i tab = _mm_set1_epi8('\t');
  const __m128i del = _mm_set1_epi8(0x7f);
  for (; end - p >= 16; p += 16) {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
    const __m128i control = _mm_cmpeq_epi8(_mm_min_epu8(bytes, last_control), bytes);
    const __m128i bad = _mm_or_si128(_mm_andnot_si128(_mm_cmpeq_epi8(bytes, tab), control),
                                     _mm_cmpeq_epi8(bytes, del));
    const unsigned mask = static_cast<unsigned>(_mm_movemask_epi8(bad));
    if (mask != 0) return p + std::countr_zero(mask);
  }
  return skip_value_portably(p, end);
}
#else
const char* skip_value(const char* p, const char* end) { return skip_value_portably(p, end); }
#endif

}  // namespace worker::http
