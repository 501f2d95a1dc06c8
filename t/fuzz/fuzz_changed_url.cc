// Fuzzes paths that Rewrite makes and locations that Redirect makes.
//
// The lines: an expression, a text with variables, a target as a client sends it. Properties: a
// path that is sent is a target that Pound itself would accept as it is, has the client's query,
// and makes one request head; a location stays on its host and holds printable ASCII only.
#include <algorithm>
#include <array>

#include "conf/load_template.h"
#include "conf/redirect_url.h"
#include "t/fuzz/frame.h"
#include "worker/http/field_edits.h"
#include "worker/http/sanitizer.h"
#include "worker/route/changed_url.h"

using namespace worker::http;
using fuzz::require;
using worker::route::Rewriting;

namespace {

constexpr std::array kRewriteVariables{conf::Variable::host, conf::Variable::path,
                                       conf::Variable::client, conf::Variable::proto};
constexpr std::array kRedirectVariables{conf::Variable::host, conf::Variable::path,
                                        conf::Variable::query};
constexpr std::size_t kMostTarget = 4096;

std::string_view take_line(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\n'), rest.size());
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return line;
}

std::string_view query_of(std::string_view target) {
  return target.substr(std::min(target.find('?'), target.size()));
}

void check_rewrite(const conf::CapturePattern& from, std::string_view to, std::string_view target) {
  std::string error;
  const unsigned groups = std::min(from.groups(), 9u);
  const auto text = conf::parse_template(to, {.names = kRewriteVariables, .groups = groups}, error);
  if (!text) return;
  std::string made = "left over";
  const Rewriting what = worker::route::rewrite_target(
      {{from, *text, {}}}, target, {.host = "h", .proto = "http"}, kMostTarget, made);
  if (what != Rewriting::done) return;
  require(from.find(target.substr(0, target.find('?'))).has_value(), "the expression is found");
  require(made.starts_with('/') && made.size() <= kMostTarget, "a path of bounded length");
  require(query_of(made) == query_of(target), "the query stays");
  std::string head;
  edit_request_head("GET / HTTP/1.1\r\nHost: h\r\n\r\n", {}, made, {}, head);
  const auto parsed = fuzz::parse<RequestHead>(head, head.size());
  require(parsed.status == ParseStatus::complete, "the head is well-formed");
  require(parsed.head.size == head.size(), "one head");
  require(parsed.head.path_query == made && parsed.head.breaches.empty(), "the target as it is");
}

void check_redirect(const conf::CapturePattern& url, std::string_view to, std::string_view target) {
  std::string error;
  std::optional<conf::Redirect> redirect =
      conf::parse_redirect_url("https://a/" + std::string(to), error);
  if (!redirect) return;
  const unsigned groups = std::min(url.groups(), 9u);
  redirect->path_template =
      conf::parse_template(redirect->path, {.names = kRedirectVariables, .groups = groups}, error);
  if (!redirect->path_template) return;
  redirect->url = url;
  const auto made = worker::route::redirect_location(*redirect, "h:81", target);
  if (made.is_invalid) return;
  require(made.url.starts_with("https://a/"), "the host stays");
  require(std::ranges::all_of(made.url, [](char c) { return c > ' ' && c < 0x7f; }),
          "printable ASCII");
  require(made.url.find_first_of("\"<>\\^`{|}") == std::string::npos,
          "nothing that browsers change");
  require(std::ranges::count(made.url, '#') <= 1, "one fragment");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest = fuzz::text(data, size);
  const std::string_view expression = take_line(rest);
  const std::string_view to = take_line(rest);
  const std::string_view target = take_line(rest);
  Breaches breaches;
  if (!target.starts_with('/') || judge_path_query(target, 0, breaches) || !breaches.empty())
    return 0;
  std::string error;
  const auto pattern = conf::CapturePattern::compile(expression, error);
  if (!pattern) return 0;
  check_rewrite(*pattern, to, target);
  check_redirect(*pattern, to, target);
  return 0;
}
