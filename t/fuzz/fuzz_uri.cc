// Fuzzes request targets and authorities.
//
// Properties: a written target breaks no rule, decodes to the same bytes, and writing it again does
// not change it; the location of a redirect contains only printable ASCII without spaces; the host
// of a valid authority is valid, and an authority names the same server as itself. The normal form
// of a path is not longer than the path, is its own normal form, and keeps the query.
#include "t/fuzz/frame.h"
#include "worker/http/chars.h"
#include "worker/http/normal_path.h"
#include "worker/http/redirect.h"

using namespace worker::http;
using fuzz::require;

namespace {

// Decodes percent-encoding. A '%' that is not followed by two hexadecimal digits stays as it is.
std::string decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '%' && i + 2 < text.size() && is(text[i + 1], kHexChar) &&
                        is(text[i + 2], kHexChar);
    out +=
        escape ? static_cast<char>(hex_value(text[i + 1]) << 4 | hex_value(text[i + 2])) : text[i];
    if (escape) i += 2;
  }
  return out;
}

void check_path_query(std::string_view path_query) {
  Breaches breaches;
  const Refusal refusal = judge_path_query(path_query, 0, breaches);
  require(!refusal || refusal.offset < path_query.size(), "the offset is within the target");
  if (refusal) return;
  for (const bool keep_bare : {true, false}) {
    std::string out;
    append_path_query(path_query, keep_bare, out);
    Breaches left;
    require(!judge_path_query(out, 0, left) && left.empty(), "the written target breaks no rule");
    require(decoded(out) == decoded(path_query), "it decodes to the same bytes");
    if (keep_bare && breaches.empty()) require(out == path_query, "a valid target is unchanged");
    std::string again;
    append_path_query(out, keep_bare, again);
    require(again == out, "encoding is idempotent");
  }
}

std::string_view query_of(std::string_view path_query) {
  return path_query.substr(std::min(path_query.find('?'), path_query.size()));
}

void check_normal_form(std::string_view path_query) {
  std::string scratch;
  std::string again;
  const std::string normal(normal_path_query(path_query, scratch));
  require(normal.size() <= path_query.size(), "the normal form is not longer");
  require(normal_path_query(normal, again) == normal, "normalising is idempotent");
  require(query_of(normal) == query_of(path_query), "the query is unchanged");
}

void check_authority(std::string_view authority, std::string_view path_query) {
  if (!valid_authority(authority)) return;
  const std::string_view host = host_of(authority);
  require(!host.empty() && valid_authority(host), "the host of an authority is valid");
  require(same_authority(authority, authority, true), "an authority equals itself");
  Breaches breaches;
  if (judge_path_query(path_query, 0, breaches)) return;
  const std::string location = redirect_location({"https://", "", "", ""}, authority, path_query);
  require(location.starts_with("https://" + std::string(host) + "/"),
          "the location names the host");
  for (const char c : location)
    require(c > ' ' && c < 0x7f, "the location has no byte that could end it");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input = fuzz::text(data, size);
  const std::size_t slash = std::min(input.find('/'), input.size());
  check_path_query(input.substr(slash));
  check_normal_form(input.substr(slash));
  check_authority(input.substr(0, slash), input.substr(slash));
  return 0;
}
