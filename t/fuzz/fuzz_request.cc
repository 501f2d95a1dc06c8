// Fuzzes the processing of request heads: parse, judge, rewrite, parse again.
//
// Properties: the verdict does not depend on how the bytes are split; the head written for the
// backend is accepted again even when no rule is relaxed, and has the same meaning.
#include "t/fuzz/rewrite.h"

using namespace worker::http;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto parsed = fuzz::parse_in_every_way<RequestHead>(fuzz::text(data, size));
  if (parsed.status != ParseStatus::complete) return 0;
  RequestFacts facts;
  const Refusal refusal = judge_request(parsed.head, facts);
  require(!refusal || refusal.offset < parsed.head.size, "the offset is within the head");
  for (const Reason reason : kRelaxable) {
    if (facts.breaches.contains(reason)) {
      require(static_cast<bool>(facts.breaches.refusal({})), "a breach is refused by default");
    }
  }
  require(facts.breaches.refusal({}).offset < parsed.head.size,
          "the offset of a breach is within the head");
  if (!refusal) fuzz::rewrite_and_read(parsed.head, facts);
  return 0;
}
