// Fuzzes the search for a session's text in heads.
//
// The input is a byte for the source, a line for the ID, and a head. Properties: the text found is
// not empty, not longer than kMaxSessionText, and lies in the head or in the scratch buffer; the
// request head written for the backend yields the same text.
#include "t/fuzz/frame.h"
#include "worker/http/sanitizer.h"
#include "worker/http/session_key.h"

using namespace worker::http;
using fuzz::require;

namespace {

bool is_within(std::string_view part, std::string_view whole) {
  return part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size();
}

void check_found(std::string_view found, std::string_view head, std::string_view scratch) {
  require(!found.empty() && found.size() <= kMaxSessionText, "neither empty nor too long");
  require(is_within(found, head) || is_within(found, scratch),
          "it lies in the head or the scratch buffer");
}

void in_request(SessionSource source, std::string_view id, std::string_view bytes) {
  const auto parsed = fuzz::parse<RequestHead>(bytes, bytes.size() + 1);
  RequestFacts facts;
  if (parsed.status != ParseStatus::complete || judge_request(parsed.head, facts)) return;
  std::string scratch;
  const auto found = session_text(source, id, parsed.head, scratch);
  if (found) check_found(*found, bytes, scratch);

  std::string out;
  std::string other_scratch;
  if (!parsed.head.breaches.empty() || source == SessionSource::header) return;
  write_request_head(parsed.head, facts, fuzz::kForwarded, out);
  const auto again = fuzz::parse<RequestHead>(out, out.size());
  if (again.status != ParseStatus::complete) return;  // rewriting made it too long
  require(session_text(source, id, again.head, other_scratch) == found,
          "same session in the written head");
}

void in_response(SessionSource source, std::string_view id, std::string_view bytes) {
  const auto parsed = fuzz::parse<ResponseHead>(bytes, bytes.size() + 1);
  if (parsed.status != ParseStatus::complete) return;
  const auto found = learned_session_text(source, id, parsed.head);
  if (found) check_found(*found, bytes, {});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = fuzz::text(data, size);
  const std::size_t line = input.find('\n');
  if (line == std::string_view::npos || line == 0) return 0;
  const auto source = static_cast<SessionSource>(data[0] % 5);
  const std::string_view id = input.substr(1, line - 1);
  in_request(source, id, input.substr(line + 1));
  in_response(source, id, input.substr(line + 1));
  return 0;
}
