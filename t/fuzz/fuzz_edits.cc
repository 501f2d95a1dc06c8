// Fuzzes edits of heads: what goes out re-parses to what was meant, and nothing is split.
//
// The first line is the name of a field, the second one a value with variables, the third one a
// name or beginning to remove; the rest is a head, of a request or of a response. Properties: the
// edited head is one head with the same meaning; the field that is set is there once, with the
// value that the variables make, or not at all when that cannot be sent; removed fields are gone;
// all others are as they were.
#include <array>
#include <vector>

#include "conf/load_template.h"
#include "t/fuzz/frame.h"
#include "worker/http/fixed_fields.h"
#include "worker/http/sanitizer.h"
#include "worker/route/edits.h"

using namespace worker::http;
using fuzz::require;
using worker::route::HeadEdits;
using worker::route::TemplateValues;

namespace {

constexpr std::array kVariables{conf::Variable::host,   conf::Variable::path,
                                conf::Variable::query,  conf::Variable::client,
                                conf::Variable::proto,  conf::Variable::request_id,
                                conf::Variable::backend};
constexpr std::size_t kAdded = 12;  // fields that the rewriting adds at most

// What an operator may write, as far as the loader and the checks let it pass.
struct Written {
  conf::FieldEdits edits;
  std::string name;
};

std::string_view take_line(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\n'), rest.size());
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return line;
}

bool is_clean(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return is(c, kValueChar); });
}

std::optional<Written> read_edits(std::string_view& rest, EditedHead head) {
  const std::string_view name = take_line(rest);
  const std::string_view value = take_line(rest);
  std::string_view removed = take_line(rest);
  std::string error;
  const auto text = conf::parse_template(value, {.names = kVariables}, error);
  if (!text || !is_clean(value) || !is_token(name)) return std::nullopt;
  if (find_fixed_field(name, false, head)) return std::nullopt;
  Written written{.edits = {}, .name = std::string(name)};
  written.edits.set.push_back({written.name, *text, {}});
  const bool is_beginning = removed.ends_with('*');
  if (is_beginning) removed.remove_suffix(1);
  if (is_token(removed) && !find_fixed_field(removed, is_beginning, head)) {
    written.edits.remove.push_back({std::string(removed), is_beginning, {}});
  }
  return written;
}

// The fields that edits leave, each as "name: value".
std::vector<std::string> others(const HeaderList& fields, const HeadEdits& edits) {
  std::vector<std::string> lines;
  for (const Field& field : fields) {
    if (edits.removed().contains(field.name)) continue;
    lines.push_back(std::string(field.name) + ": " + std::string(field.value));
  }
  return lines;
}

// `fields`: of the edited head. `lines`: what edits add.
void check_set(const HeaderList& fields, const Written& written, const HeadEdits& edits,
               std::string_view lines, bool is_sent) {
  std::size_t count = 0;
  for (const Field& field : fields) {
    if (!edits.removed().contains(field.name)) continue;
    require(equal_ignoring_case(field.name, written.name), "removed fields are gone");
    require(lines == written.name + ": " + std::string(field.value) + "\r\n", "the value meant");
    ++count;
  }
  require(count == (is_sent ? 1u : 0u), "the field is there once, if it can be sent");
  require(is_sent || lines.empty(), "nothing of a value that cannot be sent");
}

void fuzz_request(std::string_view rest) {
  const auto written = read_edits(rest, EditedHead::request);
  if (!written) return;
  const auto parsed = fuzz::parse<RequestHead>(rest, rest.size() + 1);
  if (parsed.status != ParseStatus::complete) return;
  RequestFacts facts;
  if (judge_request(parsed.head, facts) || facts.breaches.refusal({})) return;
  std::string head;
  write_request_head(parsed.head, facts, fuzz::kForwarded, head);
  const auto before = fuzz::parse<RequestHead>(head, head.size());

  HeadEdits edits;
  edits.follow(written->edits);
  TemplateValues values{.host = host_of(facts.host),
                        .client = "192.0.2.7",
                        .proto = "https",
                        .request_id = "id",
                        .backend = "be"};
  worker::route::split_target(target_of(head), values);
  std::string lines;
  const bool is_sent = edits.append_lines(values, lines);
  std::string out;
  edit_request_head(head, edits.removed(), {}, lines, out);
  if (out.size() > kMaxHead || before.head.fields.size() + kAdded > kMaxFields) return;
  const auto after = fuzz::parse<RequestHead>(out, out.size());
  require(after.status == ParseStatus::complete, "the edited head is well-formed");
  require(after.head.size == out.size(), "the edited bytes are one head");
  require(after.head.line == before.head.line, "the same request line");
  RequestFacts meaning;
  require(!judge_request(after.head, meaning), "the edited head is accepted");
  const auto is_chunked = [](const RequestFacts& of) {
    return of.body.kind == Framing::Kind::chunked;
  };
  require(is_chunked(meaning) == is_chunked(facts) && meaning.body.length == facts.body.length,
          "the same body");
  require(meaning.upgrade == facts.upgrade, "the same upgrade");
  require(facts.host.empty() || meaning.host == facts.host, "the same host");
  require(others(before.head.fields, edits) == others(after.head.fields, edits),
          "no other changes");
  check_set(after.head.fields, *written, edits, lines, is_sent);
}

void fuzz_response(std::string_view rest) {
  const auto written = read_edits(rest, EditedHead::reply);
  if (!written) return;
  auto parsed = fuzz::parse<ResponseHead>(rest, rest.size() + 1);
  if (parsed.status != ParseStatus::complete) return;
  const RequestFacts request;
  ResponseFacts facts;
  if (judge_response(parsed.head, request, facts) || facts.is_interim || facts.switches) return;
  ResponseRewrite how{.body = facts.body, .keep_alive = true, .added = {}};
  std::string plain;
  write_response_head(parsed.head, how, plain);
  const auto before = fuzz::parse<ResponseHead>(plain, plain.size());

  HeadEdits edits;
  edits.follow(written->edits);
  std::string lines;
  const bool is_sent = edits.append_lines({.host = "h", .path = "/", .query = ""}, lines);
  remove_fields(parsed.head.fields, edits.removed());
  how.added.head_add = lines;
  std::string out;
  write_response_head(parsed.head, how, out);
  if (out.size() > kMaxResponseHead || parsed.head.fields.size() + kAdded > kMaxFields) return;
  const auto after = fuzz::parse<ResponseHead>(out, out.size());
  require(after.status == ParseStatus::complete, "the edited head is well-formed");
  require(after.head.size == out.size(), "the edited bytes are one head");
  require(after.head.status == parsed.head.status, "the same status");
  ResponseFacts meaning;
  require(!judge_response(after.head, request, meaning), "the edited head is accepted");
  require(meaning.body.kind == facts.body.kind && meaning.body.length == facts.body.length,
          "the same body");
  require(others(before.head.fields, edits) == others(after.head.fields, edits),
          "no other changes");
  check_set(after.head.fields, *written, edits, lines, is_sent);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes = fuzz::text(data, size);
  fuzz_request(bytes);
  fuzz_response(bytes);
  return 0;
}
